// What the page shows: one analysis or two beside each other, one selection for all views, and its address.
import type { Analysis } from "../api/types";
import { addressBar } from "./address";
import { history } from "./history.svelte";
import { linked } from "./linked";
import { aligned, counterparts, firstDifference, patched, secondSelection, swapped } from "./pair";
import { address, type Beside, EMPTY, parsePlace, type Selection } from "./permalink";
import { forAnother, whole, within } from "./selection";
import { Side } from "./side.svelte";
import { suggest } from "./suggest";

class Page {
	readonly first = new Side((analysis) => this.#settled(analysis, 0));
	readonly second = new Side((analysis) => this.#settled(analysis, 1));
	/** Of the first analysis; the second shares all but token and lens. */
	selection = $state.raw<Selection>(EMPTY);
	/** null: one analysis alone. */
	beside = $state.raw<Beside | null>(null);
	/** A comparison is on its way whose token nobody has chosen. */
	#fresh = false;
	/** An analysis is about to be shown, before the views are built that draw it. */
	coming: (analysis: Analysis) => void = () => {};
	/** The address is still /, showing the ready-made example. */
	atStart = $state(true);

	get id(): string | null {
		return this.first.id;
	}

	/** Both answers have the same tokens: one token is selected on both. */
	get together(): boolean {
		return aligned(this.first.ready, this.second.ready);
	}

	/** For each token of the first answer its counterpart in the second. */
	readonly partners = $derived.by(() => counterparts(this.first.ready, this.second.ready));

	/** Of both models. */
	readonly #layers = $derived([this.first.layers, this.second.layers] as const);

	/** The selection as one side has it. */
	selectionOf(side: 0 | 1): Selection {
		if (side === 0 || !this.beside) return within(this.selection, this.first.bounds);
		const own = secondSelection(this.selection, this.beside, this.partners, this.#layers);
		return within(own, this.second.bounds);
	}

	get link(): string {
		return this.id ? location.origin + address(this.id, this.selection, this.beside) : "";
	}

	/** Reads the address bar; without an analysis in it, shows `example`. */
	arrive(example: string | null): void {
		const place = parsePlace(location.pathname, location.search);
		this.atStart = place.id === null;
		addressBar.leave();
		this.#go(place.id ?? example, place.selection, place.beside);
		if (this.atStart && this.first.ready) this.#inside(this.first.ready);
	}

	/** Goes to an analysis, or to two, as a new entry of the browser's history. */
	open(id: string, asked: Selection = EMPTY, beside: Beside | null = null): void {
		const selection = id === this.id ? asked : forAnother(asked);
		const opened = beside !== null && this.beside === null;
		addressBar.leave();
		addressBar.write(address(id, selection, beside));
		this.atStart = false;
		this.#go(id, selection, beside);
		this.#fresh ||= opened;
		if (this.first.ready) this.#inside(this.first.ready);
		this.#differ();
	}

	/** A change to the selection, made on one side. */
	select(patch: Partial<Selection>, side: 0 | 1 = 0): void {
		if (!this.id) return;
		const { selection, beside } = this;
		const change = whole(patch);
		if (beside)
			Object.assign(
				this,
				patched({ selection, beside }, side, change, this.partners, this.#layers),
			);
		else this.selection = within({ ...selection, ...change }, this.first.bounds);
		this.#read();
		this.#write();
	}

	/** The other way round. */
	swap(): void {
		const { id, selection, beside } = this;
		if (!id || !beside) return;
		const turned = swapped(id, { selection, beside }, this.#layers);
		this.open(turned.id, turned.selection, turned.beside);
	}

	#go(id: string | null, selection: Selection, beside: Beside | null): void {
		Object.assign(this, { selection, beside });
		this.#fresh = beside !== null && selection.token === null;
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
		if (!this.id || linked.alone) return;
		addressBar.write(address(this.id, this.selection, this.beside));
		this.atStart = false;
	}

	#settled(analysis: Analysis, side: 0 | 1): void {
		if (side === 0) this.#inside(analysis);
		if (analysis.status === "done" && !this.beside) this.coming(analysis);
		this.#differ();
		history.answered(analysis);
	}

	/** Bounds the selection; without a token, the one with most to see. */
	#inside(analysis: Analysis): void {
		const inside = within(this.selection, this.first.bounds);
		const chosen = inside.token !== null || analysis.status !== "done";
		this.selection = chosen ? inside : { ...inside, ...suggest(analysis) };
	}

	/** A comparison that is opened, not linked to at a token, begins where the answers first differ. */
	#differ(): void {
		const [a, b] = [this.first.ready, this.second.ready];
		if (!this.#fresh || !this.beside || !a || !b) return;
		this.#fresh = false;
		const token = firstDifference(a, b);
		if (token !== null) this.select({ token });
	}
}

export const page = new Page();
