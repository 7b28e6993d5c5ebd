// Layers and the rows of the board. Layer l turns depth l into depth l + 1. Pure.
import type { Range } from "../../state/permalink";

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

/** `[6, 7, 8, 12]` → `layers 6–8, 12`. */
export function layerText(layers: readonly number[]): string {
	const parts = runs(layers).map(([low, high]) => (low === high ? `${low}` : `${low}–${high}`));
	return `layer${layers.length > 1 ? "s" : ""} ${parts.join(", ")}`;
}

function runs(layers: readonly number[]): Range[] {
	const found: [number, number][] = [];
	for (const layer of [...new Set(layers)].sort((a, b) => a - b)) {
		const last = found.at(-1);
		if (last && last[1] === layer - 1) last[1] = layer;
		else found.push([layer, layer]);
	}
	return found;
}
