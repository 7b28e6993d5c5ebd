// A token position by its role in the answers, as it is written ("after:is") and as it is chosen. Pure.

export const ROLE_KINDS = ["first-difference", "after", "class", "words", "index"] as const;
export type RoleKind = (typeof ROLE_KINDS)[number];

export interface Role {
	kind: RoleKind;
	/** The word it follows, the class, the words it may be, or the index; "" for the first difference. */
	text: string;
}

export const FIRST_DIFFERENCE: Role = { kind: "first-difference", text: "" };

/** Of written text; what is not understood here is left to the server, as an index that it refuses. */
export function readRole(written: string): Role {
	const [kind = "", ...rest] = written.trim().split(":");
	if (kind === "first-difference") return FIRST_DIFFERENCE;
	const known = (["after", "class", "words"] as const).find((one) => one === kind);
	return known ? { kind: known, text: rest.join(":") } : { kind: "index", text: written.trim() };
}

export function writeRole({ kind, text }: Role): string {
	if (kind === "first-difference") return kind;
	return kind === "index" ? text.trim() : `${kind}:${text.trim()}`;
}

/** Whether there is enough to ask with; whether it makes sense is the server's to say. */
export const isComplete = ({ kind, text }: Role) =>
	kind === "first-difference" || text.trim() !== "";

export interface MarkedAnswer {
	before: string;
	word: string;
	after: string;
}

/** The answer cut at the chosen word; null where the word stands there more than once or not at all. */
export function markedAnswer(answer: string, word: string | null): MarkedAnswer | null {
	if (!word) return null;
	const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
	const found = [
		...answer.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "gu")),
	];
	const at = found[0]?.index;
	if (found.length !== 1 || at === undefined) return null;
	return { before: answer.slice(0, at), word, after: answer.slice(at + word.length) };
}
