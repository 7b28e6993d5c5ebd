// What the user has set going: whether it is under way, and why it failed.
import { type Trouble, trouble } from "../api/client";

export class Attempt {
	/** The name of what is under way; "" for nothing. */
	busy = $state("");
	failure = $state.raw<Trouble | null>(null);

	/** Does it, unless something is under way. */
	async run(act: () => Promise<unknown>, name = "it"): Promise<void> {
		if (this.busy) return;
		this.busy = name;
		this.failure = null;
		try {
			await act();
		} catch (error) {
			this.failure = trouble(error);
		} finally {
			this.busy = "";
		}
	}

	/** The same for what ends with its success, such as cancelling: then it stays under way. */
	async once(act: () => Promise<unknown>): Promise<void> {
		await this.run(act);
		if (!this.failure) this.busy = "it";
	}
}
