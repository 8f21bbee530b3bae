import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate for localhost that nobody has signed but itself, with its key; both in PEM. Lasts from 2020 to 2049. */
export function createCertificate(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // RFC 5280 4.1, version 1: the name is the common name.
  const name = sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from("localhost")))));
  const lasts = sequence(
    ...["200101000000Z", "491231235959Z"].map((time) => tagged(0x17, Buffer.from(time))),
  );
  const key = publicKey.export({ type: "spki", format: "der" });
  const body = sequence(tagged(0x02, Buffer.of(1)), ECDSA_SHA256, name, lasts, name, key);
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign("sha256", body, privateKey)]));
  const der = sequence(body, ECDSA_SHA256, signature).toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** The identifiers 2.5.4.3, and 1.2.840.10045.4.3.2 in its sequence. */
const COMMON_NAME = Buffer.from("0603550403", "hex");
const ECDSA_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/** One value of DER: its tag, its length, its content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}
