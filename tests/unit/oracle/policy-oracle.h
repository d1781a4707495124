/*
 * What ward.yaml(5) says, word for word and slowly: patterns are matched by recursion over their
 * text, the winner is found by comparing every rule with every other. It shares no code with
 * policy/, so that the two can judge each other.
 *
 * It knows good patterns only, and aborts where it runs out of memory.
 */
#pragma once

#include <stdbool.h>

#include "policy/rule.h"

struct oracle;

struct oracle *oracle_new(const struct rule_set *set);
void oracle_free(struct oracle *oracle);

/*
 * The level of a path (components joined by single slashes; "" is the root), and through `ret_rule`
 * the number of the rule that decides it, or -1.
 */
enum ward_level oracle_judge(const struct oracle *oracle, const char *path, int *ret_rule);

/* The same as if there were no caps, and no protected paths. */
enum ward_level oracle_winner(const struct oracle *oracle, const char *path, int *ret_rule);

/* True where the rule's pattern matches and none of its excepts does. */
bool oracle_applies(const struct oracle *oracle, int rule, const char *path);
