// What the page shows: one analysis or two beside each other, and one selection for all views.
import { api, type Owner, type Question, type SetQuestion } from "../api/client";
import { trouble } from "../api/trouble";
import type { Analysis } from "../api/types";
import { draft } from "../features/ask";
import { browserStore, forget, type Past, readHistory, remember } from "./history";
import { aligned, patched, secondSelection, swapped } from "./pair";
import { address, type Beside, EMPTY, parsePlace, type Selection } from "./permalink";
import { forAnother, within } from "./selection";
import { setAddress } from "./setlink";
import { Side } from "./side.svelte";
import { suggest } from "./suggest";

class Page {
	readonly first = new Side({
		opened: (analysis) => {
			if (!draft.touched) draft.fromAnalysis(analysis);
		},
		settled: (analysis) => this.#settled(analysis, 0),
	});
	readonly second = new Side({ settled: (analysis) => this.#settled(analysis, 1) });
	/** Of the first analysis; the second shares all but token and lens. */
	selection = $state.raw<Selection>(EMPTY);
	/** null: one analysis alone. */
	beside = $state.raw<Beside | null>(null);
	history = $state.raw<Past[]>(readHistory(browserStore()));
	/** The address is still /, showing the ready-made example. */
	atStart = $state(true);

	get id(): string | null {
		return this.first.id;
	}

	/** Both answers have the same tokens: one token is selected on both. */
	get together(): boolean {
		return aligned(this.first.ready, this.second.ready);
	}

	/** The selection as one side has it. */
	selectionOf(side: 0 | 1): Selection {
		if (side === 0 || !this.beside) return within(this.selection, this.first.bounds);
		const own = secondSelection(this.selection, this.beside, this.together);
		return within(own, this.second.bounds);
	}

	get link(): string {
		return this.id ? location.origin + address(this.id, this.selection, this.beside) : "";
	}

	/** Reads the address bar; without an analysis in it, shows `example`. */
	arrive(example: string | null): void {
		const place = parsePlace(location.pathname, location.search);
		this.atStart = place.id === null;
		this.#go(place.id ?? example, place.selection, place.beside);
	}

	/** Goes to an analysis, whose question the form then takes over. */
	visit(id: string): void {
		draft.touched = false;
		if (this.first.document?.id === id) draft.fromAnalysis(this.first.document);
		this.open(id);
	}

	/** Goes to an analysis, or to two, as a new entry of the browser's history. */
	open(id: string, asked: Selection = EMPTY, beside: Beside | null = null): void {
		const selection = id === this.id ? asked : forAnother(asked);
		window.history.pushState(null, "", address(id, selection, beside));
		this.atStart = false;
		this.#go(id, selection, beside);
		if (this.first.ready) this.#inside(this.first.ready);
	}

	/** A change to the selection, made on one side. */
	select(patch: Partial<Selection>, side: 0 | 1 = 0): void {
		if (!this.id) return;
		const { selection, beside } = this;
		if (beside) Object.assign(this, patched({ selection, beside }, side, patch, this.together));
		else this.selection = within({ ...selection, ...patch }, this.first.bounds);
		this.#read();
		this.#write();
	}

	/** The other way round. */
	swap(): void {
		const { id, selection, beside } = this;
		if (!id || !beside) return;
		const turned = swapped(id, { selection, beside });
		this.open(turned.id, turned.selection, turned.beside);
	}

	/** Sends the draft and goes to its analysis. Throws ApiError when the server refuses it. */
	async ask(): Promise<void> {
		draft.touched = false; // what is changed from here on belongs to the next question
		try {
			this.open(await this.send(await draft.question()));
		} catch (error) {
			draft.touched = true;
			throw error;
		}
	}

	/** Asks a question, notes it in the list, and gives the id of its analysis. */
	async send(question: Question): Promise<string> {
		const { id } = await api.ask(question);
		const { prompt, image } = question;
		const past = this.history.find((entry) => entry.id === id);
		this.#remember({
			id,
			prompt,
			answer: past?.answer ?? "",
			image: image !== null,
			at: Date.now(),
		});
		return id;
	}

	/** Asks one question of several images, notes the set in the list and goes to it. */
	async askSet(question: SetQuestion): Promise<void> {
		const { id } = await api.askSet(question);
		const { prompt } = question;
		this.#remember({ id, prompt, answer: "", image: false, set: true, at: Date.now() });
		location.assign(setAddress(id)); // a page of its own
	}

	/** Asks the question of a failed analysis once more. */
	async again(): Promise<void> {
		try {
			await this.ask();
		} catch (error) {
			this.first.failure = trouble(error);
		}
	}

	/** Deletes an analysis or a set on the server and in the list, then starts over. */
	async remove(id: string, owner: Owner = "analyses"): Promise<void> {
		await api.remove(id, owner);
		this.forget(id);
		location.assign("/"); // a fresh page: figures of what is gone are dropped with it
	}

	forget(id: string): void {
		this.history = forget(browserStore(), this.history, id);
	}

	#go(id: string | null, selection: Selection, beside: Beside | null): void {
		Object.assign(this, { selection, beside });
		this.#read(id);
		if (!beside) this.second.close();
	}

	/** Has each side read as the selection says. */
	#read(id: string | null = this.id): void {
		const { stages, lens } = this.selection;
		this.first.show(id, { lens, stages });
		if (this.beside) this.second.show(this.beside.id, { lens: this.beside.lens, stages });
	}

	#write(): void {
		if (!this.id) return;
		const url = address(this.id, this.selection, this.beside);
		try {
			if (this.atStart) window.history.pushState(null, "", url);
			else window.history.replaceState(null, "", url);
			this.atStart = false;
		} catch {
			// Some browsers limit how often the address may change; the next change catches up.
		}
	}

	#remember(past: Past): void {
		this.history = remember(browserStore(), this.history, past);
	}

	#settled(analysis: Analysis, side: 0 | 1): void {
		if (side === 0) this.#inside(analysis);
		this.#suggestSecond();
		const past = this.history.find((entry) => entry.id === analysis.id);
		if (past && past.answer === "" && analysis.answer)
			this.#remember({ ...past, answer: analysis.answer });
	}

	/** Bounds the selection; without a token, the one with most to see. */
	#inside(analysis: Analysis): void {
		const inside = within(this.selection, this.first.bounds);
		const chosen = inside.token !== null || analysis.status !== "done";
		this.selection = chosen ? inside : { ...inside, ...suggest(analysis) };
	}

	/** The second side's own token, where it cannot follow the first's. */
	#suggestSecond(): void {
		const { beside, together } = this;
		const second = this.second.ready;
		if (!beside || !second || this.first.loading || this.first.run) return;
		if (together || beside.token !== null) return;
		this.beside = { ...beside, token: suggest(second).token };
	}
}

export const page = new Page();
