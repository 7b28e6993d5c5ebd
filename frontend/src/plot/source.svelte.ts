// One figure as it is asked for, arrives, is replaced or fails. The last one stays while the next loads.
import type { FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";
import { figure } from "../state/cache";
import { Loaded } from "../state/loaded.svelte";

export class FigureSource extends Loaded<{ spec: FigureSpec; request: FigureRequest }> {
	/** Call during component set-up: fetches whenever the request's values change; null asks nothing yet. */
	constructor(request: () => FigureRequest | null) {
		const key = $derived(JSON.stringify(request()));
		super(() => {
			const asked = JSON.parse(key) as FigureRequest | null;
			return asked && (async (signal) => ({ spec: await figure(asked, signal), request: asked }));
		});
	}

	get spec(): FigureSpec | null {
		return this.value?.spec ?? null;
	}

	/** Of the figure on show. */
	get request(): FigureRequest | null {
		return this.value?.request ?? null;
	}
}
