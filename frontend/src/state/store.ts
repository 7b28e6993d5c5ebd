// Where this browser keeps what it remembers. Storage may be blocked: then there is none.
export function browserStore(): Storage | null {
	try {
		return window.localStorage;
	} catch {
		return null;
	}
}
