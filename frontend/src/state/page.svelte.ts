// What the page shows: one analysis, its run while it runs, and one selection for all views.
import { ApiError, api } from "../api/client";
import { follow } from "../api/events";
import type { Analysis, Lens } from "../api/types";
import { draft } from "./draft.svelte";
import { browserStore, forget, type Past, readHistory, remember } from "./history";
import { address, EMPTY, parsePlace, type Selection } from "./permalink";
import { idle, type RunEvent, type RunState, reduce } from "./run";
import { type Bounds, within } from "./selection";
import { suggest } from "./suggest";

const POLL = 2000; // ms between looks at the document when the event stream is lost

export interface Trouble {
	status: number;
	title: string;
	detail: string;
}

export function trouble(error: unknown): Trouble {
	if (error instanceof ApiError)
		return { status: error.status, title: error.title, detail: error.detail };
	return { status: 0, title: "Something went wrong on the page", detail: String(error) };
}

class Page {
	id = $state<string | null>(null);
	/** The analysis on show; while another one loads, the one before it. */
	document = $state.raw<Analysis | null>(null);
	run = $state.raw<RunState | null>(null);
	loading = $state(false);
	failure = $state.raw<Trouble | null>(null);
	selection = $state.raw<Selection>(EMPTY);
	history = $state.raw<Past[]>(readHistory(browserStore()));
	/** The address is still /, showing the ready-made example. */
	atStart = $state(true);

	#leave: () => void = () => {};

	get bounds(): Bounds {
		const analysis = this.document;
		return { tokens: analysis?.tokens.length ?? 0, depths: (analysis?.model?.layers ?? 0) + 1 };
	}

	get lens(): Lens {
		return this.selection.lens ?? this.document?.request.lens ?? "normed";
	}

	/** Reads the address bar; without an analysis in it, shows `example`. */
	arrive(example: string | null): void {
		const place = parsePlace(location.pathname, location.search);
		this.atStart = place.id === null;
		const id = place.id ?? example;
		if (id === this.id && this.document) {
			this.selection = within(place.selection, this.bounds);
			return;
		}
		void this.open(id, place.selection);
	}

	/** Shows an analysis, following it while it runs. */
	async open(id: string | null, selection: Selection = EMPTY): Promise<void> {
		this.#leave();
		const abort = new AbortController();
		this.#leave = () => abort.abort();
		Object.assign(this, { id, run: null, failure: null, selection, loading: id !== null });
		if (id === null) {
			this.document = null;
			return;
		}
		try {
			const analysis = await api.analysis(id, abort.signal);
			if (!draft.touched) draft.fromAnalysis(analysis);
			this.#settle(analysis, selection);
		} catch (error) {
			if (abort.signal.aborted) return;
			Object.assign(this, { document: null, loading: false, failure: trouble(error) });
		}
	}

	/** Goes to an analysis, as a new entry of the browser's history. */
	visit(id: string, selection: Selection = EMPTY): void {
		window.history.pushState(null, "", address(id, selection));
		this.atStart = false;
		draft.touched = false;
		void this.open(id, selection);
	}

	select(patch: Partial<Selection>): void {
		if (!this.id) return;
		this.selection = within({ ...this.selection, ...patch }, this.bounds);
		const url = address(this.id, this.selection);
		try {
			if (this.atStart) window.history.pushState(null, "", url);
			else window.history.replaceState(null, "", url);
			this.atStart = false;
		} catch {
			// Some browsers limit how often the address may change; the next change catches up.
		}
	}

	/** Sends the draft and goes to its analysis. Throws ApiError when the server refuses it. */
	async ask(): Promise<void> {
		const question = await draft.question();
		const created = await api.ask(question);
		const entry = {
			id: created.id,
			prompt: question.prompt,
			answer: "",
			image: question.image !== null,
		};
		this.#remember({ ...entry, at: Date.now() });
		this.visit(created.id);
	}

	/** Asks the question of a failed analysis once more. */
	async again(): Promise<void> {
		try {
			await this.ask();
		} catch (error) {
			this.failure = trouble(error);
		}
	}

	async cancel(): Promise<void> {
		if (this.id) await api.cancel(this.id);
	}

	forget(id: string): void {
		this.history = forget(browserStore(), this.history, id);
	}

	#remember(past: Past): void {
		this.history = remember(browserStore(), this.history, past);
	}

	#settle(analysis: Analysis, selection: Selection): void {
		this.document = analysis;
		this.loading = false;
		if (analysis.status === "queued" || analysis.status === "running") {
			this.run = { ...idle, maxNewTokens: analysis.request.max_new_tokens };
			this.#follow(analysis.id);
			return;
		}
		this.run = null;
		const inside = within(selection, this.bounds);
		this.selection = inside.token === null ? { ...inside, ...suggest(analysis) } : inside;
		this.#noteAnswer(analysis);
	}

	#noteAnswer(analysis: Analysis): void {
		const past = this.history.find((entry) => entry.id === analysis.id);
		if (past && past.answer === "" && analysis.answer)
			this.#remember({ ...past, answer: analysis.answer });
	}

	#follow(id: string): void {
		const take = (event: RunEvent) => {
			if (this.run) this.run = reduce(this.run, event);
			if (event.kind === "done" || event.kind === "failed") void this.#refresh(id);
		};
		let timer = 0;
		const stop = follow(id, take, () => {
			timer = window.setTimeout(() => void this.#refresh(id), POLL);
		});
		this.#leave = () => {
			stop();
			window.clearTimeout(timer);
		};
	}

	async #refresh(id: string): Promise<void> {
		try {
			const analysis = await api.analysis(id);
			if (this.id === id) this.#settle(analysis, this.selection);
		} catch (error) {
			if (this.id === id) this.failure = trouble(error);
		}
	}
}

export const page = new Page();
