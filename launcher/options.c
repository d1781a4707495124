#include "launcher/options.h"

#include <string.h>

#include "common/suggest.h"

struct parser {
	const struct option_spec *specs;
	enum option_order order;
	const char *command;
	int argc;
	char **argv;
	int next; /* index of the argument to look at next */
	struct arguments arguments;
	struct ward_error *error;
};

static int usage_error(struct parser *parser, const char *why, const char *option)
{
	error_set(parser->error, -EINVAL, "%s: option %s %s", parser->command, option, why);
	return error_hint(parser->error, "see ward help %s", parser->command);
}

static int add_option(struct parser *parser, const struct option_spec *spec, const char *value)
{
	struct arguments *arguments = &parser->arguments;

	arguments->options[arguments->option_count++] = (struct option_given){spec, value};
	return 0;
}

/* "did you mean --NAME?", or where all of them are listed. */
static int unknown_long(struct parser *parser, const char *name)
{
	const char *names[64];
	size_t count = 0;
	const char *close;

	for (const struct option_spec *s = parser->specs; s->name && count + 1 < ELEMENTS(names);
		s++)
		names[count++] = s->name;
	names[count] = NULL;
	close = suggest(name, names);
	error_set(parser->error, -EINVAL, "%s: unknown option --%s", parser->command, name);
	if (close)
		return error_hint(parser->error, "did you mean --%s?", close);
	return error_hint(parser->error, "see ward help %s", parser->command);
}

static int parse_long(struct parser *parser, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	_cleanup_(freep) char *name = strndup(text, length);
	char shown[64];

	if (!name)
		return -ENOMEM;
	snprintf(shown, sizeof(shown), "--%s", name);
	for (const struct option_spec *s = parser->specs; s->name; s++) {
		if (strcmp(s->name, name) != 0)
			continue;
		if (!s->argument && equals)
			return usage_error(parser, "takes no value", shown);
		if (!s->argument)
			return add_option(parser, s, NULL);
		if (equals)
			return add_option(parser, s, equals + 1);
		if (parser->next == parser->argc)
			return usage_error(parser, "needs a value", shown);
		return add_option(parser, s, parser->argv[parser->next++]);
	}
	return unknown_long(parser, name);
}

static const struct option_spec *find_letter(const struct option_spec *specs, char letter)
{
	for (; specs->name; specs++)
		if (specs->letter == letter)
			return specs;
	return NULL;
}

static int parse_letters(struct parser *parser, const char *letters)
{
	for (; *letters; letters++) {
		const struct option_spec *spec = find_letter(parser->specs, *letters);
		char shown[3] = {'-', *letters, '\0'};

		if (!spec) {
			error_set(parser->error, -EINVAL, "%s: unknown option %s", parser->command,
				shown);
			return error_hint(parser->error, "see ward help %s", parser->command);
		}
		if (!spec->argument) {
			add_option(parser, spec, NULL);
			continue;
		}
		if (letters[1])
			return add_option(parser, spec, letters + 1);
		if (parser->next == parser->argc)
			return usage_error(parser, "needs a value", shown);
		return add_option(parser, spec, parser->argv[parser->next++]);
	}
	return 0;
}

static void take_operands(struct parser *parser)
{
	while (parser->next < parser->argc)
		parser->arguments
			.operands[parser->arguments.operand_count++] = parser->argv[parser->next++];
}

static int parse_all(struct parser *parser)
{
	int r = 0;

	while (r == 0 && parser->next < parser->argc) {
		char *word = parser->argv[parser->next];

		if (word[0] != '-' || word[1] == '\0') {
			if (parser->order == OPTIONS_FIRST) {
				take_operands(parser);
				break;
			}
			parser->arguments.operands[parser->arguments.operand_count++] = word;
			parser->next++;
			continue;
		}
		parser->next++;
		if (strcmp(word, "--") == 0)
			take_operands(parser);
		else if (word[1] == '-')
			r = parse_long(parser, word + 2);
		else
			r = parse_letters(parser, word + 1);
	}
	return r;
}

int options_parse(const struct option_spec *specs, enum option_order order, const char *command,
	int argc, char **argv, struct arguments *ret_arguments, struct ward_error *error)
{
	struct parser parser = {specs, order, command, argc, argv, argc ? 1 : 0, {0}, error};
	size_t letters = 1; /* an option takes at least one character */
	int r;

	for (int i = 0; i < argc; i++)
		letters += strlen(argv[i]);
	parser.arguments.options = calloc(letters, sizeof(*parser.arguments.options));
	parser.arguments.operands = calloc((size_t)argc + 1, sizeof(*parser.arguments.operands));
	if (!parser.arguments.options || !parser.arguments.operands)
		r = error_set(error, -ENOMEM, "out of memory");
	else
		r = parse_all(&parser);
	if (r < 0) {
		arguments_release(&parser.arguments);
		return r;
	}
	*ret_arguments = parser.arguments;
	return 0;
}

void arguments_release(struct arguments *arguments)
{
	free(arguments->options);
	free(arguments->operands);
	*arguments = (struct arguments){0};
}

int arguments_has(const struct arguments *arguments, int id)
{
	for (size_t i = 0; i < arguments->option_count; i++)
		if (arguments->options[i].spec->id == id)
			return 1;
	return 0;
}

const char *arguments_value(const struct arguments *arguments, int id)
{
	const char *value = NULL;

	for (size_t i = 0; i < arguments->option_count; i++)
		if (arguments->options[i].spec->id == id)
			value = arguments->options[i].value;
	return value;
}
