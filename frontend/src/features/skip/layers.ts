// Layers and the rows of the board. Layer l turns depth l into depth l + 1. Pure.
import type { Range } from "../../state/permalink";
import { runs } from "../../text/layers";

/** The layers that make the marked rows: depths, or in a board of pairs the steps between them. */
export function layersOf([low, high]: Range, pairs: boolean): number[] {
	const first = pairs ? low : Math.max(low - 1, 0);
	const last = pairs ? high : high - 1;
	return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
}

/** The rows that skipped layers leave without a change of their own, as runs: depth l + 1, or pair l. */
export function hatchedRows(layers: readonly number[], pairs: boolean): Range[] {
	return runs(layers).map(([low, high]) => (pairs ? [low, high] : [low + 1, high + 1]));
}
