import { describe, expect, it } from "vitest";
import { forget, MOST, type Past, readHistory, remember } from "./history";

class Memory {
	text: string | null = null;
	getItem = () => this.text;
	setItem = (_: string, text: string) => {
		this.text = text;
	};
}

const past = (id: string): Past => ({ id, prompt: "p", answer: "a", image: true, at: 1 });

describe("history", () => {
	it("keeps the newest in front, each once, and no more than the most", () => {
		const store = new Memory();
		let list: Past[] = [];
		for (let index = 0; index < MOST + 5; index += 1)
			list = remember(store, list, past(`${index}`));
		list = remember(store, list, past("30"));
		expect(list).toHaveLength(MOST);
		expect(list[0]?.id).toBe("30");
		expect(readHistory(store)).toEqual(list);
		expect(forget(store, list, "30").some((entry) => entry.id === "30")).toBe(false);
	});

	it("lives with damaged, strange and blocked storage", () => {
		const store = new Memory();
		store.text = "{not json";
		expect(readHistory(store)).toEqual([]);
		store.text = JSON.stringify([past("a"), 3, null, { id: 1 }]);
		expect(readHistory(store)).toEqual([past("a")]);
		expect(readHistory(null)).toEqual([]);
		const blocked = {
			getItem: () => {
				throw new Error("blocked");
			},
			setItem: () => {
				throw new Error("full");
			},
		};
		expect(readHistory(blocked)).toEqual([]);
		expect(remember(blocked, [], past("a"))).toHaveLength(1);
	});
});
