import { describe, expect, it } from "vitest";
import { lensName } from "./reading";

describe("lens names", () => {
	it("names them as the figures do", () => {
		expect(lensName("difference")).toBe("raw − normed lens");
		expect(lensName("jacobian-raw")).toBe("Jacobian − raw lens");
		expect(lensName("latent")).toBe("latent lens");
	});
});
