// One analysis on show: its document as asked, its run while it runs, or why there is none.
// The page has one; a comparison has two.
import { ApiError, api } from "../api/client";
import { follow } from "../api/events";
import { type Trouble, trouble } from "../api/trouble";
import type { Analysis, Lens } from "../api/types";
import { AUTOMATIC, isDefault, type StageChoice, stageValues } from "./reading";
import { idle, type RunEvent, type RunState, reduce } from "./run";
import type { Bounds } from "./selection";

const POLL = 2000; // ms between looks at the document when the event stream is lost
const REFUSED = 422;

/** What the document is read with; lens null: the analysis's own. */
export interface Asked {
	lens: Lens | null;
	stages: StageChoice;
}

interface Hooks {
	/** The document has arrived for the first time, in whatever state. */
	opened?: (analysis: Analysis) => void;
	/** It is finished, and here for the first time. */
	settled?: (analysis: Analysis) => void;
}

const WHOLE = { missing: [], again: true };

export class Side {
	id = $state<string | null>(null);
	/** The analysis on show; while another one loads, the one before it. */
	document = $state.raw<Analysis | null>(null);
	run = $state.raw<RunState | null>(null);
	loading = $state(false);
	failure = $state.raw<Trouble | null>(null);
	/** How the stages on show were found: the last choice that the server took. */
	stages = $state.raw<StageChoice>(AUTOMATIC);
	/** Why the choice that is asked for is not what is on show. */
	refusal = $state.raw<Trouble | null>(null);

	/** Parts of the finished record that the server's store has lost, and whether a run alone helps. */
	lost = $state.raw<{ missing: string[]; again: boolean }>(WHOLE);

	#asked: Asked = { lens: null, stages: AUTOMATIC };
	#stopFollowing: () => void = () => {};
	#reading = new AbortController();

	readonly #hooks: Hooks;

	constructor(hooks: Hooks = {}) {
		this.#hooks = hooks;
	}

	get done(): Analysis | null {
		return this.document?.status === "done" && !this.failure ? this.document : null;
	}

	/** Here, finished and not just the one before. */
	get ready(): Analysis | null {
		return this.done?.id === this.id ? this.done : null;
	}

	get bounds(): Bounds {
		const analysis = this.document;
		return { tokens: analysis?.tokens.length ?? 0, depths: (analysis?.model?.layers ?? 0) + 1 };
	}

	/** The lens in force: the one asked for, else the analysis's own. */
	lens(asked: Lens | null): Lens {
		return asked ?? this.document?.request.lens ?? "normed";
	}

	/** Shows an analysis; of the one on show, only what is asked otherwise is read again. */
	show(id: string | null, asked: Asked): void {
		const same = JSON.stringify(asked) === JSON.stringify(this.#asked);
		this.#asked = asked;
		if (id === null) this.close();
		else if (id !== this.id || this.failure) void this.#open(id);
		else if (!same) void (this.document?.id === id ? this.#reread() : this.#open(id));
	}

	retry(): void {
		if (this.id) void this.#open(this.id);
	}

	close(): void {
		this.#leave();
		Object.assign(this, { id: null, document: null, run: null, failure: null, loading: false });
	}

	/** Has the server compute the analysis again from its record; what was shown stays till then. */
	async again(): Promise<void> {
		if (!this.id) return;
		await api.again(this.id);
		await this.#open(this.id);
	}

	async cancel(): Promise<void> {
		if (this.id) await api.cancel(this.id);
	}

	#leave(): AbortSignal {
		this.#stopFollowing();
		this.#reading.abort();
		this.#reading = new AbortController();
		return this.#reading.signal;
	}

	async #open(id: string): Promise<void> {
		const signal = this.#leave();
		Object.assign(this, {
			id,
			run: null,
			failure: null,
			refusal: null,
			loading: true,
			lost: WHOLE,
		});
		this.stages = AUTOMATIC;
		try {
			const analysis = await this.#read(id, signal);
			this.#hooks.opened?.(analysis);
			this.#settle(analysis);
		} catch (error) {
			if (signal.aborted) return;
			Object.assign(this, { document: null, loading: false, failure: trouble(error) });
		}
	}

	/** The same analysis with another lens or other thresholds. A running one is read when it ends. */
	async #reread(): Promise<void> {
		if (!this.id || this.run) return;
		const signal = this.#leave();
		try {
			this.document = await this.#read(this.id, signal);
			this.loading = false;
		} catch (error) {
			if (!signal.aborted) this.refusal = trouble(error);
		}
	}

	/** The document as asked; where the server refuses the stages, with those in force, and why. */
	async #read(id: string, signal: AbortSignal): Promise<Analysis> {
		const { lens, stages } = this.#asked;
		try {
			const analysis = await api.analysis(id, { lens, ...stageValues(stages) }, signal);
			signal.throwIfAborted();
			Object.assign(this, { stages, refusal: null });
			return analysis;
		} catch (error) {
			const refused = error instanceof ApiError && error.status === REFUSED && !isDefault(stages);
			if (!refused) throw error;
			this.refusal = trouble(error);
			const analysis = await api.analysis(id, { lens, ...stageValues(this.stages) }, signal);
			signal.throwIfAborted();
			return analysis;
		}
	}

	#settle(analysis: Analysis): void {
		this.document = analysis;
		this.loading = false;
		if (analysis.status === "queued" || analysis.status === "running") {
			this.run = { ...idle, maxNewTokens: analysis.request.max_new_tokens };
			this.#follow(analysis.id);
			return;
		}
		this.run = null;
		this.#hooks.settled?.(analysis);
		if (analysis.status === "done") void this.#inspect(analysis.id);
	}

	/** Figures of a lost part fail one by one: say once what is missing. */
	async #inspect(id: string): Promise<void> {
		const { signal } = this.#reading;
		try {
			this.lost = await api.missing(id, signal);
		} catch {
			// The figures tell of a server that does not answer.
		}
	}

	#follow(id: string): void {
		const { signal } = this.#reading;
		const take = (event: RunEvent) => {
			if (this.run) this.run = reduce(this.run, event);
			if (event.kind === "done" || event.kind === "failed") void this.#refresh(id, signal);
		};
		let timer = 0;
		const stop = follow(id, take, () => {
			timer = window.setTimeout(() => void this.#refresh(id, signal), POLL);
		});
		this.#stopFollowing = () => {
			stop();
			window.clearTimeout(timer);
		};
	}

	async #refresh(id: string, signal: AbortSignal): Promise<void> {
		try {
			this.#settle(await this.#read(id, signal));
		} catch (error) {
			if (!signal.aborted) this.failure = trouble(error);
		}
	}
}
