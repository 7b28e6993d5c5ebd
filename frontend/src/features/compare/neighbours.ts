// Which analysis each side's figures share their axes with.
import type { FigureSpec } from "../../api/figure";
import type { Lens } from "../../api/types";
import type { Neighbour } from "../../state/reading";
import type { Side } from "../../state/side.svelte";

type Tokens = readonly [first: number | null, second: number | null];
type Shared = readonly [first: Neighbour | null, second: Neighbour | null];

/** Both, once both are finished and their stages were found the same way; else each alone. */
export function neighbours(
	a: Side,
	b: Side,
	lensA: Lens | null,
	lensB: Lens | null,
	tokens: Tokens,
): Shared {
	const alike = JSON.stringify(a.stages) === JSON.stringify(b.stages);
	const filled = a.ready?.tokens.length && b.ready?.tokens.length;
	if (!a.ready || !b.ready || !filled || !alike) return [null, null];
	return [
		{ id: b.ready.id, lens: b.lens(lensB), layers: b.layers, token: tokens[1] },
		{ id: a.ready.id, lens: a.lens(lensA), layers: a.layers, token: tokens[0] },
	];
}

/** Where the selected depth stands on an axis that two models share. */
export function markOf(spec: FigureSpec | null, depth: number | null, layers: number) {
	if (depth === null || spec?.layout.meta?.axis !== "relative") return depth;
	return depth / Math.max(layers, 1);
}
