// One analysis on show. The page has one; a comparison has two.
import { api } from "../api/client";
import type { RunEvent } from "../api/events";
import { quiet } from "../api/quiet";
import type { Analysis, Lens, Missing } from "../api/types";
import { Followed, isRunning } from "./followed.svelte";
import { AUTOMATIC, isDefault, type StageChoice, stageValues } from "./reading";
import { idle, type RunState, reduce } from "./run";
import type { Bounds } from "./selection";

/** What the document is read with; lens null: the analysis's own. */
export interface Asked {
	lens: Lens | null;
	stages: StageChoice;
}

const WHOLE: Missing = { missing: [], again: true };

export class Side extends Followed<Analysis, "analyses"> {
	run = $state.raw<RunState | null>(null);
	/** How the stages on show were found: the last choice that the server took. */
	stages = $state.raw<StageChoice>(AUTOMATIC);
	/** Parts of the finished record that the server's store has lost, and whether a run alone helps. */
	lost = $state.raw<Missing>(WHOLE);
	#asked: Asked = { lens: null, stages: AUTOMATIC };
	readonly #settled: (analysis: Analysis) => void;

	/** settled: the analysis has ended, and is here for the first time since. */
	constructor(settled: (analysis: Analysis) => void) {
		super("analyses");
		this.#settled = settled;
	}

	get done(): Analysis | null {
		return this.document?.status === "done" && !this.failure ? this.document : null;
	}

	/** Here, finished and not just the one before. */
	get ready(): Analysis | null {
		return this.done?.id === this.id ? this.done : null;
	}

	/** Of the model; 0 until it is known. */
	get layers(): number {
		return this.document?.model?.layers ?? 0;
	}

	get bounds(): Bounds {
		return { tokens: this.document?.tokens.length ?? 0, depths: this.layers + 1 };
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
		else if (id !== this.id || this.failure) this.open(id);
		else if (!same && this.document?.id !== id) this.open(id);
		else if (!same && !this.run) {
			this.leave(); // a running one is read when it ends
			void this.#lookAgain();
		}
	}

	async #lookAgain(): Promise<void> {
		const problem = await this.look();
		if (problem) this.refusal = problem;
	}

	override open(id: string): void {
		Object.assign(this, { run: null, lost: WHOLE, stages: AUTOMATIC });
		super.open(id);
	}

	override close(): void {
		this.run = null;
		super.close();
	}

	/** Has the server compute the analysis again from its record; what was shown stays till then. */
	async again(): Promise<void> {
		if (!this.id) return;
		await api.again(this.id);
		this.open(this.id);
	}

	protected async request(id: string, signal: AbortSignal): Promise<Analysis> {
		const { lens, stages } = this.#asked;
		const analysis = await this.#document(id, stages, lens, signal);
		signal.throwIfAborted();
		this.stages = stages;
		return analysis;
	}

	/** With the stages in force. */
	protected override instead(id: string, signal: AbortSignal): Promise<Analysis> | null {
		const { lens, stages } = this.#asked;
		return isDefault(stages) ? null : this.#document(id, this.stages, lens, signal);
	}

	#document(id: string, stages: StageChoice, lens: Lens | null, signal: AbortSignal) {
		return api.document<Analysis>("analyses", id, { lens, ...stageValues(stages) }, signal);
	}

	protected override told(event: RunEvent): void {
		if (this.run) this.run = reduce(this.run, event);
	}

	protected override arrived(analysis: Analysis): void {
		if (isRunning(analysis)) {
			this.run = { ...idle, maxNewTokens: analysis.request.max_new_tokens };
			return;
		}
		this.run = null;
		this.#settled(analysis);
		if (analysis.status === "done") void this.#inspect(analysis.id);
	}

	/** Figures of a lost part fail one by one: say once what is missing. */
	async #inspect(id: string): Promise<void> {
		await quiet(); // what is on show comes first
		if (id !== this.id) return;
		const found = await api.missing(id).catch(() => WHOLE); // the figures tell of a silent server
		if (id === this.id) this.lost = found;
	}
}
