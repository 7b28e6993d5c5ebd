// Two compared analyses under one selection: depth, words and reading are shared, the token and the
// lens are each side's own. Where both have the same tokens, one token is selected on both. Pure.
import type { Analysis } from "../api/types";
import type { Beside, Selection } from "./permalink";

/** The tokens agree from the first on; one answer may end with a token that the other lacks. */
export function aligned(a: Analysis | null, b: Analysis | null): boolean {
	if (!a || !b) return false;
	const shorter = Math.min(a.tokens.length, b.tokens.length);
	if (shorter === 0 || Math.max(a.tokens.length, b.tokens.length) - shorter > 1) return false;
	const text = (analysis: Analysis, index: number) => analysis.tokens[index]?.text.trim();
	return Array.from({ length: shorter }, (_, i) => text(a, i) === text(b, i)).every(Boolean);
}

/** The selection as the second side has it. */
export function secondSelection(first: Selection, beside: Beside, together: boolean): Selection {
	const token = beside.token ?? (together ? first.token : null);
	return { ...first, token, lens: beside.lens };
}

export interface Both {
	selection: Selection;
	beside: Beside;
}

/** What a change on one side makes of both. */
export function patched(
	{ selection, beside }: Both,
	side: 0 | 1,
	patch: Partial<Selection>,
	together: boolean,
): Both {
	const { token, lens, ...shared } = patch;
	const next: Both = { selection: { ...selection, ...shared }, beside: { ...beside } };
	if (lens !== undefined) (side === 0 ? next.selection : next.beside).lens = lens;
	if (token === undefined) return next;
	if (together) {
		next.selection.token = token;
		next.beside.token = null;
	} else (side === 0 ? next.selection : next.beside).token = token;
	return next;
}

/** B in A's place and the other way round. */
export function swapped(id: string, { selection, beside }: Both): { id: string } & Both {
	const { token, lens } = beside;
	return {
		id: beside.id,
		selection: { ...selection, token: token ?? selection.token, lens },
		beside: { id, token: token === null ? null : selection.token, lens: selection.lens },
	};
}
