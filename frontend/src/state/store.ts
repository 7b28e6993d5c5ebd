// Where this browser keeps what it remembers. Storage may be blocked: then there is none.
export type Store = Pick<Storage, "getItem" | "setItem">;

export function browserStore(): Store | null {
	try {
		return window.localStorage;
	} catch {
		return null;
	}
}
