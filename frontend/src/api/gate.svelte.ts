// Signing in: a token is asked for once, whoever needs it first; the requests wait meanwhile.
import type { Session } from "./types";

class Gate {
	/** Why a token is asked for; null while none is. */
	asking = $state<string | null>(null);
	session = $state.raw<Session | null>(null);
	#answer: Promise<boolean> | null = null;
	#settle: (signedIn: boolean) => void = () => {};
	#declined = false;

	/** Whether the user signed in. Reading in the background does not ask again once declined. */
	open(detail: string, background: boolean): Promise<boolean> {
		if (background && this.#declined) return Promise.resolve(false);
		this.#answer ??= new Promise((resolve) => {
			this.#settle = resolve;
			this.asking = detail;
		});
		return this.#answer;
	}

	close(signedIn: boolean): void {
		this.#declined = !signedIn;
		this.asking = null;
		this.#answer = null;
		this.#settle(signedIn);
	}
}

export const gate = new Gate();
