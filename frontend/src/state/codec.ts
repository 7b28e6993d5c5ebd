// Values in an address, as typed values and back. Pure: what cannot be read or is out of bounds counts as absent.

/** One of few values, as the page names and explains it. */
export interface Named<T extends string = string> {
	readonly value: T;
	readonly label: string;
	readonly title: string;
}

export const valuesOf = <T extends string>(options: readonly Named<T>[]) =>
	options.map(({ value }) => value);

type Entries = readonly (readonly [key: string, text: string])[];

export interface Codec<T> {
	/** Its value where the address says nothing; it is not written. */
	readonly plain: T;
	read: (query: URLSearchParams) => T;
	write: (value: T) => Entries;
}

/** One value under one key. */
export function value<T>(
	key: string,
	plain: T,
	read: (text: string) => T | null,
	write: (value: T) => string = String,
): Codec<T> {
	return {
		plain,
		read: (query) => {
			const text = query.get(key);
			return (text === null ? null : read(text)) ?? plain;
		},
		write: (value) => {
			const text = value === plain || value === null ? "" : write(value);
			return text === "" ? [] : [[key, text]];
		},
	};
}

export const oneOf =
	<T extends string>(known: readonly T[]) =>
	(text: string): T | null =>
		known.find((word) => word === text) ?? null;

export const choice = <T extends string, P extends T | null>(
	key: string,
	known: readonly T[],
	plain: P,
): Codec<T | P> => value<T | P>(key, plain, oneOf(known));

/** A whole number from 0 to `most`, of four digits at most. */
export const integer =
	(most: number) =>
	(text: string): number | null =>
		/^\d{1,4}$/.test(text) && Number(text) <= most ? Number(text) : null;

export const count = (key: string, most: number): Codec<number | null> =>
	value(key, null, integer(most));

/** Off unless the address says "on". */
export const flag = (key: string): Codec<boolean> =>
	value(
		key,
		false,
		(text) => text === "on" || null,
		() => "on",
	);

/** A finite decimal number of bounded length; whether it makes sense is the server's to say. */
export function decimal(text: string): number | null {
	return /^-?\d{1,6}(\.\d{1,9})?(e-\d{1,2})?$/.test(text) ? Number(text) : null;
}

/** Values under their own names, those that are given. */
export function named<N extends string, V>(
	names: readonly N[],
	read: (name: N, text: string) => V | null,
): Codec<Readonly<Partial<Record<N, V>>>> {
	const given = (query: URLSearchParams) =>
		names.map((name) => [name, read(name, query.get(name) ?? "")] as const);
	return {
		plain: ofEntries([]),
		read: (query) => ofEntries(given(query).filter(([, found]) => found !== null)),
		write: (values) => Object.entries(values).map(([name, found]) => [name, String(found)]),
	};
}

const ofEntries = <T>(entries: readonly (readonly [string, unknown])[]) =>
	Object.fromEntries(entries) as T;

type Table<S> = { readonly [K in keyof S]: Codec<S[K]> };

/** Several values in one; they are written in the table's order. */
export function table<S>(codecs: Table<S>): Codec<S> {
	const names = Object.keys(codecs) as (keyof S & string)[];
	return {
		plain: ofEntries(names.map((name) => [name, codecs[name].plain])),
		read: (query) => ofEntries(names.map((name) => [name, codecs[name].read(query)])),
		write: (values) => names.flatMap((name) => codecs[name].write(values[name])),
	};
}

const MAX_QUERY = 2000;

export const parse = (query: string) => new URLSearchParams(query.slice(0, MAX_QUERY));

/** "?…", or "" where all is at its default. */
export function written(entries: Entries): string {
	const text = new URLSearchParams(entries.map(([key, value]) => [key, value])).toString();
	return text ? `?${text.replaceAll("%2C", ",").replaceAll("%3A", ":")}` : "";
}

/** The same values with one replaced; null takes it out. */
export function withValue<N extends string, V>(
	values: Readonly<Partial<Record<N, V>>>,
	name: N,
	value: V | null,
): Readonly<Partial<Record<N, V>>> {
	const others = Object.entries(values).filter(([known]) => known !== name);
	return ofEntries(value === null ? others : [...others, [name, value]]);
}
