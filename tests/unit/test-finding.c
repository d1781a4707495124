#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runtime/doctor/finding.h"

static void is_good(struct finding *finding)
{
	finding_set(finding, FINDING_GOOD, "number %d", 1);
}

static void is_optional(struct finding *finding)
{
	finding_set(finding, FINDING_OPTIONAL, "not there");
	finding_mend(finding, "do %s", "this");
}

static void is_bad(struct finding *finding)
{
	struct ward_error error = {0};

	error_set(&error, -EPERM, "forbidden");
	error_hint(&error, "allow it");
	finding_set_error(finding, FINDING_BAD, &error);
}

struct seen {
	struct finding findings[8];
	size_t count;
};

static void see(void *data, const struct finding *finding)
{
	struct seen *seen = data;

	seen->findings[seen->count++] = *finding;
}

static void bad_findings_are_counted(void **state)
{
	static const struct examination table[] = {{"good", is_good}, {"bad", is_bad},
		{"optional", is_optional}, {"again", is_bad}, {NULL, NULL}};
	struct seen seen = {.count = 0};

	assert_int_equal(finding_run(table, see, &seen), 2);
	assert_int_equal(seen.count, 4);
	assert_string_equal(seen.findings[0].name, "good");
	assert_string_equal(seen.findings[0].text, "number 1");
	assert_string_equal(seen.findings[0].mend, "");
	assert_int_equal(seen.findings[1].state, FINDING_BAD);
	assert_string_equal(seen.findings[1].text, "forbidden");
	assert_string_equal(seen.findings[1].mend, "allow it");
	assert_int_equal(seen.findings[2].state, FINDING_OPTIONAL);
	assert_string_equal(seen.findings[2].mend, "do this");
}

static int answer(const void *data, struct ward_error *error)
{
	return error_set(error, *(const int *)data, "said by the child");
}

static int die(const void *data, struct ward_error *error)
{
	kill(getpid(), *(const int *)data);
	return 0;
}

static void children_answer_or_die(void **state)
{
	const int code = -EACCES, signal_number = SIGKILL;
	struct ward_error error = {0};
	int killer = -1;

	assert_int_equal(finding_in_child(answer, &code, &killer, &error), -EACCES);
	assert_int_equal(killer, 0);
	assert_string_equal(error.message, "said by the child");
	assert_int_equal(finding_in_child(die, &signal_number, &killer, &error), -ECHILD);
	assert_int_equal(killer, SIGKILL);
	assert_int_equal(finding_in_child(die, &signal_number, NULL, NULL), -ECHILD);
}

/* The machine that runs the tests may lack things; whatever it is, each has its mend. */
static void see_mend(void *data, const struct finding *finding)
{
	int *count = data;

	assert_true(finding->text[0]);
	if (finding->state != FINDING_GOOD && !finding->mend[0])
		fail_msg("%s: %s: and no mend", finding->name, finding->text);
	++*count;
}

static void everything_missing_has_its_mend(void **state)
{
	int count = 0;

	assert_true(doctor_examine_machine(see_mend, &count) >= 0);
	assert_true(count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_findings_are_counted),
		cmocka_unit_test(children_answer_or_die),
		cmocka_unit_test(everything_missing_has_its_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
