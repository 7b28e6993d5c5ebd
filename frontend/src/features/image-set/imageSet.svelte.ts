// The image set on show, the selection on it, and its address.
import { api } from "../../api/client";
import type { SetEvent } from "../../api/events";
import type { ImageSet, Member } from "../../api/types";
import { addressBar } from "../../state/address";
import { Followed } from "../../state/followed.svelte";
import { linked } from "../../state/linked";
import { NOTHING, parseSetPlace, type SetSelection, setAddress } from "../../state/permalink";
import type { Strand } from "../map";

class ShownSet extends Followed<ImageSet, "trajectories"> {
	selection = $state.raw<SetSelection>(NOTHING);
	#looking = false;

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
		addressBar.leave();
		const before = this.selection.token;
		this.selection = place?.selection ?? NOTHING;
		if (place && (place.id !== this.id || this.selection.token !== before)) this.open(place.id);
		else if (place) return true;
		else this.close();
		return place !== null;
	}

	select(patch: Partial<SetSelection>): void {
		if (!this.id) return;
		const before = this.selection.token;
		this.selection = { ...this.selection, ...patch };
		if (!linked.alone) addressBar.write(setAddress(this.id, this.selection));
		if (this.selection.token !== before) this.open(this.id);
	}

	/** The image of an analysis, at a depth. */
	pick(analysis: string, depth: number): void {
		const image =
			this.document?.members.findIndex((member) => member.analysis_id === analysis) ?? -1;
		if (image >= 0) this.select({ image, depth });
	}

	protected request(id: string, signal: AbortSignal): Promise<ImageSet> {
		const { token } = this.selection;
		return api.document<ImageSet>(this.owner, id, { token }, signal);
	}

	/** With the token position on show, or the set's own. */
	protected override instead(id: string, signal: AbortSignal): Promise<ImageSet> | null {
		if (this.selection.token === null) return null;
		const token = this.document?.token ?? null;
		return api.document<ImageSet>(this.owner, id, { token }, signal);
	}

	/** Another image is done; a look that is on its way is not doubled. */
	protected override told({ kind }: SetEvent): void {
		if (kind !== "status" || this.#looking) return;
		this.#looking = true;
		void this.look().finally(() => {
			this.#looking = false;
		});
	}
}

export const imageSet = new ShownSet("trajectories");
