// One figure as it is asked for, arrives, is replaced or fails. The last one stays while the next loads.
import type { FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";
import { figure } from "../state/cache";
import { Loaded } from "../state/loaded.svelte";

export class FigureSource extends Loaded<
	{ spec: FigureSpec; request: FigureRequest },
	FigureRequest
> {
	/** Call during component set-up; null asks nothing yet. */
	constructor(asked: () => FigureRequest | null) {
		super(asked, async (request, signal) => ({ spec: await figure(request, signal), request }));
	}

	get spec(): FigureSpec | null {
		return this.value?.spec ?? null;
	}

	/** Of the figure on show. */
	get request(): FigureRequest | null {
		return this.value?.request ?? null;
	}
}
