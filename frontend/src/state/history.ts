// The analyses that this browser asked for, newest first. Storage may be blocked, full or damaged:
// then the list is simply empty or stays in memory.

export interface Past {
	id: string;
	prompt: string;
	answer: string;
	image: boolean;
	/** An image set. */
	set?: boolean;
	/** Milliseconds since 1970. */
	at: number;
}

const KEY = "fretboard.history";
export const MOST = 30;
const EXCERPT = 160;

type Store = Pick<Storage, "getItem" | "setItem">;

export function browserStore(): Store | null {
	try {
		return window.localStorage;
	} catch {
		return null;
	}
}

function isPast(value: unknown): value is Past {
	if (typeof value !== "object" || value === null) return false;
	const { id, prompt, answer, at } = value as Record<string, unknown>;
	return [id, prompt, answer].every((text) => typeof text === "string") && typeof at === "number";
}

export function readHistory(store: Store | null): Past[] {
	try {
		const list: unknown = JSON.parse(store?.getItem(KEY) ?? "[]");
		return Array.isArray(list) ? list.filter(isPast).slice(0, MOST) : [];
	} catch {
		return [];
	}
}

function write(store: Store | null, list: Past[]): Past[] {
	try {
		store?.setItem(KEY, JSON.stringify(list));
	} catch {
		// Full or blocked: the list lives on in memory until the page is closed.
	}
	return list;
}

/** Puts an analysis in front; an older entry of the same id goes. */
export function remember(store: Store | null, list: Past[], entry: Past): Past[] {
	const short = {
		...entry,
		prompt: entry.prompt.slice(0, EXCERPT),
		answer: entry.answer.slice(0, EXCERPT),
	};
	return write(store, [short, ...list.filter((past) => past.id !== entry.id)].slice(0, MOST));
}

export function forget(store: Store | null, list: Past[], id: string): Past[] {
	return write(
		store,
		list.filter((past) => past.id !== id),
	);
}
