import { describe, expect, it } from "vitest";
import type { Analysis } from "../api/types";
import { concerns, History, MOST, type Past } from "./history.svelte";

class Memory implements Storage {
	kept = new Map<string, string>();
	get length() {
		return this.kept.size;
	}
	key = (at: number) => [...this.kept.keys()][at] ?? null;
	getItem = (key: string) => this.kept.get(key) ?? null;
	setItem = (key: string, text: string) => void this.kept.set(key, text);
	removeItem = (key: string) => void this.kept.delete(key);
	clear = () => this.kept.clear();
}

const record = (id: string) => ({ id, prompt: "p", image: true });
const REQUEST = {
	skip_layers: [6, 7],
	repair: { kind: "none" },
	lens: "raw",
	image: { sha256: "5a" },
};
const done = (id: string, answer: string) =>
	({ id, answer, request: REQUEST, status: "done" }) as unknown as Analysis;
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
		history.answered({ ...done("a", "A re"), status: "failed" });
		history.answered(done("a", "A red ball."));
		history.answered(done("a", "Another."));
		history.answered(done("unknown", "A cube."));
		history.note(record("a"));
		expect(history.list.map(({ answer }) => answer)).toEqual(["A red ball."]);
	});

	it("is one list for two tabs: what each writes is kept, and what is removed stays away", () => {
		const store = new Memory();
		const [one, other] = [new History(store), new History(store)];
		one.note(record("a"));
		other.note(record("b"));
		one.answered(done("a", "Red."));
		expect(one.list.map(({ id, answer }) => [id, answer])).toEqual([
			["b", ""],
			["a", "Red."],
		]);
		// Neither has seen yet what the other writes meanwhile.
		const stale = new History(store);
		const refresh = stale.refresh;
		stale.refresh = () => undefined;
		other.note(record("d"));
		stale.change("a", { note: "late" });
		stale.refresh = refresh;
		expect(new History(store).list.map(({ id, note }) => [id, note])).toEqual([
			["d", undefined],
			["b", undefined],
			["a", "late"],
		]);
		other.forget("d");
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

	it("knows what was changed, takes names and notes, and goes along as a file", () => {
		const history = new History(new Memory());
		history.note(record("a"));
		history.answered(done("a", "Red."));
		history.change("a", { name: "The dog", note: "late" });
		history.note(record("a"));
		const kept = { asked: "layers 6–7 skipped · raw lens", hash: "5a", name: "The dog" };
		expect(history.find("a")).toMatchObject({ ...kept, note: "late", answer: "Red." });
		const other = new History(new Memory());
		other.note(record("b"));
		expect(other.take(history.text)).toBe(1);
		expect(other.take(history.text)).toBe(0);
		expect(other.take("{}")).toBeNull();
		expect(other.list.map(({ id }) => id).sort()).toEqual(["a", "b"]);
	});

	it("takes over the one list of earlier versions, once", () => {
		const store = new Memory();
		store.setItem("fretboard.history", JSON.stringify([past("a"), past("b")]));
		const history = new History(store);
		history.forget("b");
		expect(new History(store).list).toEqual([past("a")]);
		expect(store.getItem("fretboard.history")).toBeNull();
	});

	it("lives with damaged, strange, full and blocked storage", () => {
		const store = new Memory();
		for (const [at, text] of ["{not json", "3", "null", '{"id":1}'].entries())
			store.setItem(`fretboard.history.${at}`, text);
		expect(new History(store).list).toEqual([]);
		store.setItem("fretboard.history", "{not json");
		store.setItem("fretboard.history.a", JSON.stringify(past("a")));
		expect(new History(store).list).toEqual([past("a")]);
		expect(new History(null).list).toEqual([]);
		const fail = () => {
			throw new Error("blocked");
		};
		for (const broken of [{ setItem: fail }, { getItem: fail, key: fail, setItem: fail }]) {
			const history = new History(Object.assign(new Memory(), broken));
			history.note(record("a"));
			history.note(record("b"));
			expect(history.list.map(({ id }) => id)).toEqual(["b", "a"]);
		}
	});
});
