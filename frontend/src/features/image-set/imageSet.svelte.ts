// The image set on show: its record as it stands, the selection on it, and its address.
import { ApiError, api } from "../../api/client";
import { followSet } from "../../api/events";
import { type Trouble, trouble } from "../../api/trouble";
import type { ImageSet, Member } from "../../api/types";
import { NOTHING, parseSetPlace, type SetSelection, setAddress } from "../../state/setlink";
import type { Strand } from "../map";

const POLL = 2000; // ms between looks at the set when the event stream is lost
const REFUSED = 422;

class ShownSet {
	/** null: the page shows something else. */
	id = $state<string | null>(null);
	selection = $state.raw<SetSelection>(NOTHING);
	document = $state.raw<ImageSet | null>(null);
	failure = $state.raw<Trouble | null>(null);
	/** Why the token position that is asked for is not the one on show. */
	refusal = $state.raw<Trouble | null>(null);

	#reading = new AbortController();
	#stop: () => void = () => {};

	get link(): string {
		return this.id ? location.origin + setAddress(this.id, this.selection) : "";
	}

	get member(): Member | null {
		const { image } = this.selection;
		return image === null ? null : (this.document?.members[image] ?? null);
	}

	/** The chosen image's token, as the map knows it. */
	get strand(): Strand | null {
		const { member } = this;
		if (!member?.analysis_id || member.token === null) return null;
		return { analysis: member.analysis_id, token: member.token };
	}

	/** The alignment that figures are asked with: the one that the server took. */
	get token(): string | null {
		const { document } = this;
		return !document || document.token === document.request.token ? null : document.token;
	}

	/** Reads the address bar; false where it is not of a set. */
	arrive(): boolean {
		const place = parseSetPlace(location.pathname, location.search);
		this.#leave();
		this.id = place?.id ?? null;
		this.selection = place?.selection ?? NOTHING;
		if (place) void this.#read();
		return place !== null;
	}

	select(patch: Partial<SetSelection>): void {
		if (!this.id) return;
		const before = this.selection.token;
		this.selection = { ...this.selection, ...patch };
		try {
			window.history.replaceState(null, "", setAddress(this.id, this.selection));
		} catch {
			// Some browsers limit how often the address may change; the next change catches up.
		}
		if (this.selection.token !== before) void this.#read();
	}

	/** The image of an analysis, at a depth. */
	pick(analysis: string, depth: number): void {
		const image =
			this.document?.members.findIndex((member) => member.analysis_id === analysis) ?? -1;
		if (image >= 0) this.select({ image, depth });
	}

	retry(): void {
		if (this.id) void this.#read();
	}

	async cancel(): Promise<void> {
		if (this.id) await api.cancelSet(this.id);
	}

	#leave(): AbortSignal {
		this.#stop();
		this.#reading.abort();
		this.#reading = new AbortController();
		return this.#reading.signal;
	}

	async #read(): Promise<void> {
		const { id } = this;
		if (!id) return;
		const signal = this.#leave();
		this.failure = null;
		try {
			const found = await this.#asked(id, signal);
			signal.throwIfAborted();
			this.document = found;
			if (found.status === "running") this.#follow(id, signal);
		} catch (error) {
			if (!signal.aborted) this.failure = trouble(error);
		}
	}

	/** With the token position asked for; where the server refuses that, with the set's own, and why. */
	async #asked(id: string, signal: AbortSignal): Promise<ImageSet> {
		const { token } = this.selection;
		try {
			const found = await api.imageSet(id, token, signal);
			this.refusal = null;
			return found;
		} catch (error) {
			if (!(error instanceof ApiError) || error.status !== REFUSED || token === null) throw error;
			this.refusal = trouble(error);
			return api.imageSet(id, this.document?.token ?? null, signal);
		}
	}

	/** Reads the set again whenever an image is done; a look that is on its way is not doubled. */
	#follow(id: string, signal: AbortSignal): void {
		let looking = false;
		let timer = 0;
		const look = async () => {
			if (looking || signal.aborted) return;
			looking = true;
			const found = await this.#asked(id, signal).catch(() => null);
			looking = false;
			if (found && !signal.aborted) this.document = found;
		};
		const stop = followSet(
			id,
			({ kind }) => void (kind === "status" ? look() : this.#read()),
			() => {
				timer = window.setTimeout(() => void this.#read(), POLL);
			},
		);
		this.#stop = () => {
			stop();
			window.clearTimeout(timer);
		};
	}
}

export const imageSet = new ShownSet();
