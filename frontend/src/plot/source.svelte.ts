// One figure as it is asked for, arrives, is replaced or fails. The last one stays while the next loads.

import { untrack } from "svelte";
import type { FigureRequest } from "../api/client";
import type { FigureSpec } from "../api/figure";
import { type Trouble, trouble } from "../api/trouble";
import { figure, knownFigure } from "../state/cache";
import { Pace } from "../state/pace";

export class FigureSource {
	spec = $state.raw<FigureSpec | null>(null);
	failure = $state.raw<Trouble | null>(null);
	/** Of the figure on show. */
	request = $state.raw<FigureRequest | null>(null);
	loading = $state(true);
	#attempt = $state(0);
	readonly #pace = new Pace();

	/** Call during component set-up: fetches whenever the request's values change; null asks nothing yet. */
	constructor(request: () => FigureRequest | null) {
		const key = $derived(JSON.stringify(request()));
		$effect(() => {
			void this.#attempt;
			const wanted = JSON.parse(key) as FigureRequest | null;
			return wanted ? untrack(() => this.#load(wanted)) : undefined;
		});
	}

	retry(): void {
		this.#attempt += 1;
	}

	#load(request: FigureRequest): () => void {
		const abort = new AbortController();
		this.loading = true;
		const stop = this.#pace.run(() => this.#ask(request, abort));
		return () => {
			stop();
			abort.abort();
		};
	}

	#ask(request: FigureRequest, abort: AbortController): void {
		const known = knownFigure(request);
		if (known) Object.assign(this, { spec: known, request });
		this.failure = null;
		figure(request, abort.signal)
			.then((spec) => {
				if (!abort.signal.aborted) Object.assign(this, { spec, request, loading: false });
			})
			.catch((error: unknown) => {
				if (!abort.signal.aborted) Object.assign(this, { failure: trouble(error), loading: false });
			});
	}
}
