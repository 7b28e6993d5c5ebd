// What can wait, waits until nothing that is looked at is on its way.
const LOOK = 60; // ms between two looks; quiet is what two of them find
const MOST = 3000; // ms

let open = 0;

/** The call, counted as one that is waited for. */
export async function counted<T>(call: Promise<T>): Promise<T> {
	open += 1;
	try {
		return await call;
	} finally {
		open -= 1;
	}
}

/** Until no call is on its way, or has been for long. */
export async function quiet(): Promise<void> {
	const end = performance.now() + MOST;
	for (let still = 0; still < 2 && performance.now() < end; still = open ? 0 : still + 1)
		await new Promise((resolve) => setTimeout(resolve, LOOK));
}
