#include "runtime/doctor/finding.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

void finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	finding->state = state;
}

void finding_mend(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, args);
	va_end(args);
}

void finding_set_error(
	struct finding *finding, enum finding_state state, const struct ward_error *error)
{
	finding_set(finding, state, "%.500s", error->message);
	finding_mend(finding, "%.500s", error->hint);
}

int finding_run(const struct examination *table, finding_handler handler, void *data)
{
	int bad = 0;

	for (; table->name; table++) {
		struct finding finding = {.name = table->name};

		table->examine(&finding);
		if (finding.state == FINDING_BAD)
			bad++;
		handler(data, &finding);
	}
	return bad;
}

struct answer {
	int code;
	struct ward_error error;
};

int finding_in_child(int (*function)(const void *data, struct ward_error *error), const void *data,
	int *ret_signal, struct ward_error *error)
{
	struct answer answer = {.code = -ECHILD};
	int status = 0;
	int ends[2];
	pid_t pid;

	if (ret_signal)
		*ret_signal = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "can't try it");
	pid = fork();
	if (pid == 0) {
		answer.code = function(data, &answer.error);
		fd_write_all(ends[1], &answer, sizeof(answer));
		_exit(0);
	}
	fd_close(ends[1]);
	if (pid < 0 || fd_read_full(ends[0], &answer, sizeof(answer)) != sizeof(answer)) {
		answer.code = -ECHILD;
		error_set(&answer.error, -ECHILD, "the process that tried it died");
	}
	fd_close(ends[0]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && ret_signal)
		*ret_signal = WTERMSIG(status);
	if (error)
		*error = answer.error;
	return answer.code;
}
