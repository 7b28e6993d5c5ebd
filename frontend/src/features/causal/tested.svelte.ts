// One causal test: its document, how far it is while it runs, or why there is none.
import { api } from "../../api/client";
import { followTest, type TestEvent } from "../../api/events";
import { type Trouble, trouble } from "../../api/trouble";
import type { CausalTest } from "../../api/types";

const POLL = 2000; // ms between looks at the document when the event stream is lost

export class Tested {
	document = $state.raw<CausalTest | null>(null);
	message = $state("");
	/** Done, in [0, 1]; undefined: not known. */
	share = $state<number | undefined>(undefined);
	failure = $state.raw<Trouble | null>(null);
	#attempt = $state(0);
	readonly #settled: () => void;

	/** Call during component set-up. settled: a test that was followed has ended. */
	constructor(id: () => string | null, settled: () => void) {
		this.#settled = settled;
		$effect(() => {
			void this.#attempt;
			const wanted = id();
			Object.assign(this, { document: null, failure: null, message: "", share: undefined });
			return wanted ? this.#open(wanted) : undefined;
		});
	}

	get running(): boolean {
		return this.document?.status === "queued" || this.document?.status === "running";
	}

	/** Looks again: a failed test that was asked once more is running. */
	again(): void {
		this.#attempt += 1;
	}

	#open(id: string): () => void {
		const abort = new AbortController();
		void this.#read(id, abort.signal);
		return () => abort.abort();
	}

	async #read(id: string, signal: AbortSignal): Promise<void> {
		try {
			const document = await api.experiment(id, signal);
			if (signal.aborted) return;
			const followed = this.running;
			this.document = document;
			if (this.running) this.#follow(id, signal);
			else if (followed) this.#settled();
		} catch (error) {
			if (!signal.aborted) this.failure = trouble(error);
		}
	}

	#follow(id: string, signal: AbortSignal): void {
		const take = (event: TestEvent) => {
			if (event.message) this.message = event.message;
			if (event.kind === "progress") this.share = event.share;
			if (event.kind === "done" || event.kind === "failed") void this.#read(id, signal);
		};
		let timer = 0;
		const stop = followTest(id, take, () => {
			timer = window.setTimeout(() => void this.#read(id, signal), POLL);
		});
		signal.addEventListener("abort", () => {
			stop();
			window.clearTimeout(timer);
		});
	}
}
