/* What nfa.c and nfa-finish.c share: the edges of the trie. */
#pragma once

enum edge_kind {
	EDGE_DEEP,    /* `**`, zero components or more */
	EDGE_ANY,     /* `*` */
	EDGE_LITERAL, /* a literal's number */
	EDGE_GLOB,    /* a glob's number */
};
