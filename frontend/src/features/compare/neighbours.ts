// Which analysis each side's figures share their axes with.
import type { Lens } from "../../api/types";
import type { Neighbour } from "../../state/reading";
import type { Side } from "../../state/side.svelte";

type Shared = readonly [first: Neighbour | null, second: Neighbour | null];

/** Both, once both are finished and their stages were found the same way; else each alone. */
export function neighbours(a: Side, b: Side, lensA: Lens | null, lensB: Lens | null): Shared {
	const alike = JSON.stringify(a.stages) === JSON.stringify(b.stages);
	const filled = a.ready?.tokens.length && b.ready?.tokens.length;
	if (!a.ready || !b.ready || !filled || !alike) return [null, null];
	return [
		{ id: b.ready.id, lens: b.lens(lensB) },
		{ id: a.ready.id, lens: a.lens(lensA) },
	];
}
