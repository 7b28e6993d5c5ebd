// How a selection moves and stays inside an analysis. Pure.
import type { Range, Selection } from "./permalink";

/** tokens: number of columns; depths: L + 1 rows, depth 0 at the bottom. */
export interface Bounds {
	tokens: number;
	depths: number;
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), Math.max(most, 0));

/** The depth that a place on a chart's axis is nearest to. */
export const depthAt = (place: number, { depths }: Bounds) => clamp(Math.round(place), depths - 1);

/** The same selection with every index inside the analysis; what lies outside is dropped. */
export function within(selection: Selection, { tokens, depths }: Bounds): Selection {
	const token = selection.token !== null && selection.token < tokens ? selection.token : null;
	const depth = selection.depth !== null && selection.depth < depths ? selection.depth : null;
	const range = selection.range && selection.range[1] < depths ? selection.range : null;
	const half = selection.half && selection.sublayers && depth !== null && depth < depths - 1;
	return { ...selection, token, depth, half, range };
}

export type Step = "left" | "right" | "up" | "down" | "first" | "last";

export const STEPS: Readonly<Record<string, Step>> = {
	ArrowLeft: "left",
	ArrowRight: "right",
	ArrowUp: "up",
	ArrowDown: "down",
	Home: "first",
	End: "last",
};

/** columns: the tokens on show, from left to right, in either reading direction. */
function stepToken(token: number | null, step: Step, columns: readonly number[]): number | null {
	const [left, right] = [columns[0] ?? 0, columns.at(-1) ?? 0];
	if (step === "first" || (token === null && step === "right")) return left;
	if (step === "last" || token === null) return right;
	const later = (step === "right") === left <= right;
	const ahead = columns.filter((column) => (later ? column > token : column < token));
	if (ahead.length === 0) return step === "right" ? right : left;
	return later ? Math.min(...ahead) : Math.max(...ahead);
}

function stepDepth(depth: number | null, step: Step, last: number): number {
	if (depth === null) return step === "down" ? last : 0;
	return clamp(depth + (step === "up" ? 1 : -1), last);
}

/** Who names a depth alone means the whole one. */
export const whole = (patch: Partial<Selection>): Partial<Selection> =>
	patch.depth === undefined ? patch : { half: false, ...patch };

/** The depth of a row of a board that has the half depths too. */
export const atRow = (row: number) => ({ depth: Math.floor(row / 2), half: row % 2 === 1 });

/** One arrow key: left and right over tokens, up and down over depths. */
export function move(
	selection: Selection,
	step: Step,
	bounds: Bounds,
	columns: readonly number[],
): Partial<Selection> {
	if (columns.length === 0) return {};
	if (step === "up" || step === "down") {
		const token = selection.token ?? 0;
		const { depth, half, sublayers } = selection;
		if (!sublayers) return { token, depth: stepDepth(depth, step, bounds.depths - 1) };
		const row = depth === null ? null : 2 * depth + Number(half);
		return { token, ...atRow(stepDepth(row, step, 2 * bounds.depths - 2)) };
	}
	return { token: stepToken(selection.token, step, columns) };
}

/** Shift with an arrow: the range grows from the selected depth; its far end is the new depth. */
export function extend(
	selection: Selection,
	step: "up" | "down",
	bounds: Bounds,
): Partial<Selection> {
	const from = selection.depth ?? 0;
	const depth = stepDepth(from, step, bounds.depths - 1);
	const [low, high] = selection.range ?? [from, from];
	const anchor = from === high ? low : high;
	return { depth, range: ordered(anchor, depth), token: selection.token ?? 0 };
}

export const ordered = (a: number, b: number): Range => (a <= b ? [a, b] : [b, a]);

/** What goes along to another analysis: a causal test and a patch belong to one alone. */
export const forAnother = (selection: Selection): Selection => ({
	...selection,
	test: null,
	patch: null,
});

/** Escape: first the range goes, then the cell. Words, lens and quantity stay. */
export function clear(selection: Selection): Partial<Selection> {
	return selection.range ? { range: null } : { token: null, depth: null };
}
