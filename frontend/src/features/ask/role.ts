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
