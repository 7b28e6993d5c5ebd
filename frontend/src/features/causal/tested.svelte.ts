// The causal test on show, and how far it is while it runs.
import { untrack } from "svelte";
import { api } from "../../api/client";
import type { TestEvent } from "../../api/events";
import type { CausalTest } from "../../api/types";
import { Followed, isRunning } from "../../state/followed.svelte";

export class Tested extends Followed<CausalTest, "experiments"> {
	message = $state("");
	/** Done, in [0, 1]; undefined: not known. */
	share = $state<number | undefined>(undefined);
	readonly #settled: () => void;

	/** Call during component set-up. settled: a test that was followed has ended. */
	constructor(id: () => string | null, settled: () => void) {
		super("experiments");
		this.#settled = settled;
		$effect(() => {
			const wanted = id();
			untrack(() => (wanted ? this.open(wanted) : this.close()));
			return () => void this.leave();
		});
	}

	get running(): boolean {
		return isRunning(this.document);
	}

	override open(id: string): void {
		Object.assign(this, { document: null, message: "", share: undefined });
		super.open(id);
	}

	protected request(id: string, signal: AbortSignal): Promise<CausalTest> {
		return api.document<CausalTest>(this.owner, id, {}, signal);
	}

	protected override told(event: TestEvent): void {
		if (event.message) this.message = event.message;
		if (event.kind === "progress") this.share = event.share;
	}

	protected override arrived(test: CausalTest, first: boolean): void {
		if (!first && !isRunning(test)) this.#settled();
	}
}
