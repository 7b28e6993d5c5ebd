// Two compared analyses under one selection: depth, words and reading are shared, the lens is each side's
// own. A token selects its counterpart along the word diff; one without, and one that a link names, stands alone. Of
// two models a depth is the same share of all layers on both sides. Pure.
import type { Analysis } from "../api/types";
import { type Stretch, stretches } from "../text/diff";
import type { Beside, Selection } from "./permalink";

/** The tokens agree from the first on; one answer may end with a token that the other lacks. */
export function aligned(a: Analysis | null, b: Analysis | null): boolean {
	if (!a || !b) return false;
	const shorter = Math.min(a.tokens.length, b.tokens.length);
	if (shorter === 0 || Math.max(a.tokens.length, b.tokens.length) - shorter > 1) return false;
	const text = (analysis: Analysis, index: number) => analysis.tokens[index]?.text.trim();
	return Array.from({ length: shorter }, (_, i) => text(a, i) === text(b, i)).every(Boolean);
}

const SPECIAL = /^<[^\s<>]+>$/;
const textsOf = ({ tokens }: Analysis) => tokens.map((token) => token.text.trim());

/** For each token of the first answer its counterpart in the second; null where it has none. */
export function counterparts(a: Analysis | null, b: Analysis | null): (number | null)[] {
	if (!a || !b) return [];
	return stretches(textsOf(a), textsOf(b)).flatMap(({ a: [start, end], b: [from, to] }) =>
		Array.from({ length: end - start }, (_, i) => (from + i < to ? from + i : null)),
	);
}

/** The token of the first answer at which the second begins to differ; null: all words are the same. */
export function firstDifference(a: Analysis, b: Analysis): number | null {
	const [first, second] = [textsOf(a), textsOf(b)];
	const told = ({ kept, a: one, b: other }: Stretch) =>
		!kept &&
		[...first.slice(...one), ...second.slice(...other)].some((text) => !SPECIAL.test(text));
	const at = stretches(first, second).find(told)?.a[0];
	return at === undefined ? null : Math.min(at, first.length - 1);
}

/** Layers of both models: the same share of all layers is the same place in both. */
export type Layers = readonly [first: number, second: number];

/** A depth of a model of `from` layers as one of `to` layers. */
export const depthOf = (depth: number, from: number, to: number) =>
	from && to ? Math.round((depth * to) / from) : depth;

/** A depth and a range on the other side. */
function moved<T extends Partial<Selection>>(patch: T, from: number, to: number): T {
	const next = { ...patch };
	if (typeof patch.depth === "number") next.depth = depthOf(patch.depth, from, to);
	if (patch.range)
		next.range = patch.range.map((end) => depthOf(end, from, to)) as [number, number];
	return next;
}

/** The selection as the second side has it. partners: as `counterparts`. */
export function secondSelection(
	first: Selection,
	beside: Beside,
	partners: Partners,
	[own, other]: Layers,
): Selection {
	const token = beside.token ?? partners[first.token ?? -1] ?? null;
	const there = moved(first, own, other);
	return { ...there, token, depth: beside.depth ?? there.depth, lens: beside.lens };
}

type Partners = readonly (number | null)[];

export interface Both {
	selection: Selection;
	beside: Beside;
}

/** What a change on one side makes of both. */
export function patched(
	{ selection, beside }: Both,
	side: 0 | 1,
	patch: Partial<Selection>,
	partners: Partners,
	layers: Layers,
): Both {
	const { token, lens, ...shared } = side === 0 ? patch : moved(patch, layers[1], layers[0]);
	const next: Both = { selection: { ...selection, ...shared }, beside: { ...beside } };
	// A deeper model has depths of its own between those of the first.
	if (patch.depth !== undefined)
		next.beside.depth = side === 1 && layers[0] !== layers[1] ? patch.depth : null;
	if (lens !== undefined) (side === 0 ? next.selection : next.beside).lens = lens;
	if (token === undefined) return next;
	const place = side === 0 ? token : token === null ? null : partners.indexOf(token);
	if (place === null || (partners[place] ?? null) !== null) {
		next.selection.token = place;
		next.beside.token = null;
	} else if (side === 0) {
		next.selection.token = token;
		next.beside.token = secondSelection(selection, beside, partners, layers).token;
	} else next.beside.token = token;
	return next;
}

/** B in A's place and the other way round. */
export function swapped(
	id: string,
	{ selection, beside }: Both,
	[own, other]: Layers,
): { id: string } & Both {
	const { token, lens } = beside;
	const there = moved(selection, own, other);
	return {
		id: beside.id,
		selection: {
			...there,
			token: token ?? selection.token,
			depth: beside.depth ?? there.depth,
			lens,
		},
		beside: {
			id,
			token: token === null ? null : selection.token,
			depth: own === other ? null : selection.depth,
			lens: selection.lens,
		},
	};
}
