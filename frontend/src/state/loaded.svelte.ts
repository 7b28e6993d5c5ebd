// Something from the API that a view shows: asked for whenever what it hangs on changes. The last one stays while the next loads.
import { type Trouble, trouble } from "../api/trouble";
import { Pace } from "./pace";

export class Loaded<T> {
	value = $state.raw<T | null>(null);
	failure = $state.raw<Trouble | null>(null);
	loading = $state(false);
	#attempt = $state(0);
	readonly #pace = new Pace();

	/** Call during component set-up. request: reads what it hangs on, and gives the call; null asks nothing yet. */
	constructor(request: () => ((signal: AbortSignal) => Promise<T>) | null) {
		$effect(() => {
			void this.#attempt;
			const call = request();
			if (!call) return;
			const abort = new AbortController();
			this.loading = true;
			const stop = this.#pace.run(() => {
				this.failure = null;
				call(abort.signal).then(
					(value) => !abort.signal.aborted && this.#end({ value, failure: null }),
					(error: unknown) => !abort.signal.aborted && this.#end({ failure: trouble(error) }),
				);
			});
			return () => {
				stop();
				abort.abort();
			};
		});
	}

	#end(found: { value?: T; failure: Trouble | null }): void {
		Object.assign(this, found, { loading: false });
	}

	again(): void {
		this.#attempt += 1;
	}
}
