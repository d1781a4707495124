/*
 * The compiled policy: an immutable automaton over path components.
 *
 * A path is judged one component at a time: the caller keeps the state of a directory and steps
 * from it by a child's name. A step costs time proportional to the name, whatever the number of
 * rules and the depth. A policy never changes after policy_compile(); any number of threads may use
 * it at once, and references are counted atomically.
 *
 * Paths are bytes. A component is 1 to 255 bytes without '/' and NUL, and is neither "." nor "..".
 * Verdicts depend on the path alone, never on what lies there.
 *
 * Which rule wins: highest priority; then file over directory over glob; then a `none` rule; then
 * the more specific pattern (no wildcard; then more literal leading components; then more literal
 * characters); then the stricter level; then the later rule. See ward.yaml(5). A pattern with braces
 * stands for several without, and each of them is as specific as it would be by itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rule.h"

struct policy;

/* A state of the automaton; meaningful only with the policy that made it. */
typedef uint32_t policy_state;

/* What holds at one path. */
struct verdict {
	enum ward_level level; /* the path's own verdict */
	bool passage; /* level is LEVEL_NONE, yet some path below could be visible (or this is the
			 root): a directory there is shown, with only its visible children; anything
			 else there is hidden */
	enum ward_level child_max; /* the strongest level that a direct child can have */
	enum ward_level below_min; /* the weakest and the strongest level that a path below can
				      have, over */
	enum ward_level below_max; /* every depth; equal means that everything below is alike */
};

/* Limits of a compiled policy; beyond them policy_compile() fails with -E2BIG and names a rule. */
enum { POLICY_STATES_MAX = 1 << 20 };

/*
 * Compiles `rules` (not kept). Time and memory are bounded: patterns that multiply beyond the
 * limits give -E2BIG with the place of the rule at which the limit was passed, never a hang.
 */
int policy_compile(
	const struct rule_set *rules, struct policy **ret_policy, struct ward_error *error);

struct policy *policy_ref(struct policy *policy);
struct policy *policy_unref(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_unref)

/* The state of the codebase's root. */
policy_state policy_root(const struct policy *policy);

/* The state of the child `name` (`length` bytes, not necessarily terminated) of the directory
 * `parent`. */
policy_state policy_step(
	const struct policy *policy, policy_state parent, const char *name, size_t length);

/* The verdict of a state. Constant time. */
struct verdict policy_verdict(const struct policy *policy, policy_state state);

/* True where the path exists for whoever looks through the view: level >= LEVEL_VIEW, or passage.
 */
static inline bool verdict_visible(struct verdict verdict)
{
	return verdict.level > LEVEL_NONE || verdict.passage;
}

/*
 * Steps along a whole path, relative to the root, with or without leading and doubled slashes.
 * -EINVAL for "." and ".." components and for ones longer than 255 bytes.
 */
int policy_walk(const struct policy *policy, const char *path, policy_state *ret_state);

/* --- Explanations and exact questions; slower, for people. Thread-safe as well. --- */

/* How a matching rule fared, from the first criterion in which it fell behind the winner. */
enum rule_outcome {
	OUTCOME_WINS,
	OUTCOME_LIMITS, /* a cap that lowers what the winner says */
	OUTCOME_LOST_PRIORITY,
	OUTCOME_LOST_TYPE,
	OUTCOME_LOST_TO_NONE,
	OUTCOME_LOST_SPECIFICITY,
	OUTCOME_LOST_LEVEL,
	OUTCOME_LOST_LATER,
	OUTCOME_EXCEPTED, /* its pattern matches, but one of its excepts does, too */
};

struct explained_rule {
	const struct rule *rule; /* valid as long as the policy */
	enum rule_outcome outcome;
};

struct explanation {
	struct verdict verdict;
	bool capped;    /* a rule said `write`, self-protection made it `read` */
	bool defaulted; /* no rule matched */
	size_t count;
	struct explained_rule *rules; /* the caps that lower, the winner, then by rank; excepted
					 ones last */
};

/* Explains one path. Release with explanation_release(). */
int policy_explain(
	const struct policy *policy, const char *path, struct explanation *ret_explanation);
void explanation_release(struct explanation *explanation);

/*
 * The rule that decides `path`, or NULL for the default: the strongest cap that holds the winner to
 * the level that it has, else the winner. Valid as long as the policy.
 */
const struct rule *policy_deciding_rule(const struct policy *policy, const char *path);

enum finding_kind {
	FINDING_DEAD,      /* `rule` can never win: some stronger rule always does */
	FINDING_UNCOVERED, /* `rule` is a `none` that matches `path`, yet `other`, above none, wins
			      there by a higher priority, or because it is a directory rule and
			      `rule` a glob. Rules of type file don't count: they are meant */
};

struct finding {
	enum finding_kind kind;
	const struct rule *rule;
	const struct rule *other; /* FINDING_UNCOVERED: which one uncovers. FINDING_DEAD: one that
				     beats it, or NULL */
	char *path; /* FINDING_UNCOVERED: an example, relative, NUL-terminated. FINDING_DEAD: NULL
		     */
};

/*
 * All findings in the order of the rules, exact: each is true, and no rule that is dead or uncovered
 * is missed. A rule has at most one of each kind; the path is a shortest one (in components) on
 * which it is uncovered. Self-protection is left out of account. -E2BIG where the rules are too
 * intertwined for the limits. The array and its paths are the caller's: findings_free().
 */
int policy_find(const struct policy *policy, struct finding **ret_findings, size_t *ret_count,
	struct ward_error *error);
void findings_free(struct finding *findings, size_t count);

/*
 * A shortest path (in components) on which two policies differ in level, self-protection included: 1
 * and `*ret_path` (the caller's; "" is the root), 0 where they judge every path alike, or -E2BIG or
 * -ENOMEM.
 */
int policy_differ(const struct policy *a, const struct policy *b, char **ret_path);
