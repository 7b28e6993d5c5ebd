import { describe, expect, it } from "vitest";
import { concerns, History, MOST, type Past } from "./history.svelte";

class Memory {
	text: string | null = null;
	getItem = () => this.text;
	setItem = (_: string, text: string) => {
		this.text = text;
	};
}

const record = (id: string) => ({ id, prompt: "p", image: true });
const past = (id: string): Past => ({ ...record(id), answer: "a", at: 1 });

describe("history", () => {
	it("keeps the newest in front, each once, and no more than the most", () => {
		const store = new Memory();
		const history = new History(store);
		for (let index = 0; index < MOST + 5; index += 1) history.note(record(`${index}`));
		history.note(record("30"));
		expect(history.list).toHaveLength(MOST);
		expect(history.list[0]?.id).toBe("30");
		expect(new History(store).list).toEqual(history.list);
		history.forget("30");
		expect(history.find("30")).toBeNull();
	});

	it("knows an answer once it has come, also when the same is asked again", () => {
		const history = new History(new Memory());
		history.note(record("a"));
		history.answered("a", "A red ball.");
		history.answered("a", "Another.");
		history.answered("unknown", "A cube.");
		history.note(record("a"));
		expect(history.list.map(({ answer }) => answer)).toEqual(["A red ball."]);
	});

	it("is one list for two tabs: what each writes is kept, and what is removed stays away", () => {
		const store = new Memory();
		const [one, other] = [new History(store), new History(store)];
		one.note(record("a"));
		other.note(record("b"));
		one.answered("a", "Red.");
		expect(one.list.map(({ id, answer }) => [id, answer])).toEqual([
			["b", ""],
			["a", "Red."],
		]);
		other.forget("b");
		one.note(record("c"));
		other.refresh();
		for (const { list } of [one, other, new History(store)])
			expect(list.map(({ id }) => id)).toEqual(["c", "a"]);
		expect(["fretboard.history", "theme", null].map((key) => concerns({ key }))).toEqual([
			true,
			false,
			true,
		]);
	});

	it("lives with damaged, strange and blocked storage", () => {
		const store = new Memory();
		store.text = "{not json";
		expect(new History(store).list).toEqual([]);
		store.text = JSON.stringify([past("a"), 3, null, { id: 1 }]);
		expect(new History(store).list).toEqual([past("a")]);
		expect(new History(null).list).toEqual([]);
		const fail = () => {
			throw new Error("blocked");
		};
		const blocked = new History({ getItem: fail, setItem: fail });
		blocked.note(record("a"));
		expect(blocked.list).toHaveLength(1);
	});
});
