// How a token is written on the page. One place, so that every view shows the same label.

export interface TokenLabel {
	/** A leading space, shown as a faint dot in front of the text. */
	space: boolean;
	text: string;
	/** bytes and special tokens are set apart from words. */
	kind: "word" | "newline" | "byte" | "special" | "blank";
}

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
const SPECIAL = /^<[^\s<>]+>$/;

/** The label of a token's text: " red" → ·red, "\n" → ↵, "<0xE2>" → E2, "</s>" as it is. */
export function tokenLabel(text: string): TokenLabel {
	const byte = BYTE.exec(text)?.[1];
	if (byte) return { space: false, text: byte.toUpperCase(), kind: "byte" };
	if (SPECIAL.test(text)) return { space: false, text, kind: "special" };
	if (/^\n+$/.test(text)) return { space: false, text: "↵".repeat(text.length), kind: "newline" };
	const space = text.startsWith(" ");
	const rest = (space ? text.slice(1) : text).replaceAll("\n", "↵").replaceAll("\t", "⇥");
	if (rest.trim() === "")
		return { space: false, text: "·".repeat(text.length || 1), kind: "blank" };
	return { space, text: rest, kind: "word" };
}

/** One line of text without the dot, for titles and screen readers. */
export function tokenName(text: string): string {
	const label = tokenLabel(text);
	if (label.kind === "newline") return "line break";
	if (label.kind === "blank") return "space";
	return label.kind === "byte" ? `byte ${label.text}` : label.text;
}

/** Characters that the label takes in the mono face, the dot included. */
export function labelLength(text: string): number {
	const label = tokenLabel(text);
	return [...label.text].length + (label.space ? 1 : 0);
}
