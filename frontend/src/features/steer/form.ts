// What the panel holds, and how a request says it. Pure.
import type { SteerDirection } from "../../api/types";
import type { Selection } from "../../state/permalink";
import { written } from "../../state/repair";
import { tokenLabel } from "../../text/token";

export type Deed = "add" | "swap";
export type Place = "answer" | "token" | "image" | "all";

export interface SteerForm {
	deed: Deed;
	/** Of the means: the id of an analysis. */
	word: string;
	/** Steered away from, or swapped with. */
	other: string;
	/** A swap is at the first alone. */
	depths: [number, number];
	strength: number;
	direction: SteerDirection;
	place: Place;
}

/** Nothing to add yet; what is marked and selected is what will be changed. layers: L. */
export function startOf(
	selection: Selection,
	tokens: readonly { text: string }[],
	layers: number,
): SteerForm {
	const text = selection.token === null ? "" : (tokens[selection.token]?.text ?? "");
	const middle = Math.floor(layers / 2);
	const other = /\p{L}/u.test(text) && tokenLabel(text).kind === "word" ? text.trim() : "";
	return {
		deed: other ? "swap" : "add",
		word: "",
		other,
		depths: selection.range ? [...selection.range] : [middle, middle],
		strength: 1,
		direction: "unembedding",
		place: "answer",
	};
}

/** The most of the slider: all of two parts is exchanged at 1. */
export const mostOf = (deed: Deed) => (deed === "swap" ? 1 : 3);

/** "green away=blue depths=6,7 strength=1 …"; token: the selected one. */
export function steeringOf(form: SteerForm, token: number | null): string {
	const { deed, word, other, depths, strength, direction, place } = form;
	const [low, high] = deed === "swap" ? [depths[0], depths[0]] : depths;
	const alone = place === "token" && token !== null;
	return written(word.trim(), {
		[deed === "swap" ? "swap" : "away"]: other.trim(),
		depths: low === high ? `${low}` : `${low}-${high}`,
		strength: Math.min(strength, mostOf(deed)),
		direction,
		at: place === "token" ? "answer" : place,
		tokens: alone ? [token] : [],
	});
}

/** Both are words, where both are needed. */
export function isReady({ deed, word, other, direction }: SteerForm): boolean {
	const single = (text: string) => /^\S+$/.test(text.trim());
	const alone = deed === "add" && direction !== "means" && other.trim() === "";
	return single(word) && (alone || (single(other) && word.trim() !== other.trim()));
}
