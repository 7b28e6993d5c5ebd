// Something from the API that a view shows: asked for whenever what it hangs on says something else. The last one stays
// while the next loads.
import { untrack } from "svelte";
import { type Trouble, trouble } from "../api/client";
import { Pace } from "./pace";

export class Loaded<T, A> {
	value = $state.raw<T | null>(null);
	failure = $state.raw<Trouble | null>(null);
	loading = $state(false);
	#attempt = $state(0);
	readonly #pace = new Pace();
	readonly #call: (asked: A, signal: AbortSignal) => Promise<T>;

	/** Call during component set-up. asked: what it hangs on, as JSON can hold it; null asks nothing yet. */
	constructor(asked: () => A | null, call: (asked: A, signal: AbortSignal) => Promise<T>) {
		this.#call = call;
		const key = $derived(JSON.stringify(asked()));
		$effect(() => {
			void this.#attempt;
			const wanted = JSON.parse(key) as A | null;
			return wanted === null ? undefined : untrack(() => this.#load(wanted));
		});
	}

	again(): void {
		this.#attempt += 1;
	}

	#load(asked: A): () => void {
		const abort = new AbortController();
		const end = (found: { value?: T; failure: Trouble | null }) => {
			if (!abort.signal.aborted) Object.assign(this, found, { loading: false });
		};
		this.loading = true;
		const stop = this.#pace.run(() => {
			this.failure = null;
			this.#call(asked, abort.signal).then(
				(value) => end({ value, failure: null }),
				(error: unknown) => end({ failure: trouble(error) }),
			);
		});
		return () => {
			stop();
			abort.abort();
		};
	}
}
