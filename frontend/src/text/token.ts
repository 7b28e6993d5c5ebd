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

/** The character that a byte token helps to form, as its `part` (from 1) `of` so many. */
export interface Joined {
	character: string;
	part: number;
	of: number;
}

/** Bytes of a character by the first of them, as UTF-8 has it; 0 for one that cannot be first. */
const lengthFrom = (first: number) =>
	first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

/** For each token what it is joined to: bytes that form a character in order; null for all others. */
export function joinedBytes(texts: readonly string[]): (Joined | null)[] {
	const bytes = texts.map((text) => Number.parseInt(BYTE.exec(text)?.[1] ?? "", 16));
	const found: (Joined | null)[] = texts.map(() => null);
	for (let start = 0; start < texts.length; start++) {
		const of = lengthFrom(bytes[start] ?? Number.NaN);
		const part = bytes.slice(start, start + of);
		const whole = of > 0 && part.length === of && part.slice(1).every((byte) => byte >> 6 === 2);
		if (!whole) continue;
		const character = new TextDecoder().decode(Uint8Array.from(part));
		for (let i = 0; i < of; i++) found[start + i] = { character, part: i + 1, of };
		start += of - 1;
	}
	return found;
}

/** The text that tokens make, without special ones: "</s>" ends an answer and is no part of it. */
export function writtenOf(texts: readonly string[]): string {
	const joined = joinedBytes(texts);
	const parts = texts.map((text, index) => {
		const of = joined[index];
		if (of) return of.part === 1 ? of.character : "";
		return SPECIAL.test(text) ? "" : text;
	});
	return parts.join("").trim();
}

/** Characters that the label takes in the mono face, the dot included. */
export function labelLength(text: string): number {
	const label = tokenLabel(text);
	return [...label.text].length + (label.space ? 1 : 0);
}
