// Light or dark: the system's choice until the user makes one.
import { browserStore } from "./store";

export type Theme = "light" | "dark";
export type ThemeChoice = Theme | "system";

const KEY = "fretboard.theme";
const ORDER: readonly ThemeChoice[] = ["system", "light", "dark"];

function stored(): ThemeChoice {
	const value = document.documentElement.dataset.theme;
	return value === "light" || value === "dark" ? value : "system";
}

class ThemeState {
	choice = $state<ThemeChoice>(stored());
	#dark = $state(false);

	constructor() {
		const media = window.matchMedia("(prefers-color-scheme: dark)");
		this.#dark = media.matches;
		media.addEventListener("change", (event) => {
			this.#dark = event.matches;
		});
	}

	get shown(): Theme {
		if (this.choice !== "system") return this.choice;
		return this.#dark ? "dark" : "light";
	}

	next(): void {
		this.choice = ORDER[(ORDER.indexOf(this.choice) + 1) % ORDER.length] ?? "system";
		if (this.choice === "system") delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = this.choice;
		try {
			browserStore()?.setItem(KEY, this.choice);
		} catch {
			// Blocked storage: the choice lasts as long as the page.
		}
	}
}

export const theme = new ThemeState();
