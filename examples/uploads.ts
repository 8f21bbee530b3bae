/**
 * Uploaded files, hashed while they arrive and never kept in memory. The session keeps the list.
 *
 *     npx micropie examples/uploads.ts
 */
import { createHash } from "node:crypto";
import { App, html, redirect } from "micropie";
import { page } from "./recipes/page.ts";

interface Upload {
  name: string;
  bytes: number;
  sha256: string;
}

class Uploads extends App<{ uploads: Upload[] }> {
  index() {
    const uploads = this.request.session.uploads ?? [];
    const list = uploads.map(
      ({ name, bytes, sha256 }) => html`<li class="quiet">${name}: ${bytes} bytes, ${sha256}</li>`,
    );
    const body = html`<ul>${list}</ul>
      <form method="post" action="/upload" enctype="multipart/form-data">
        <label>Files <input type="file" name="file" multiple required></label><button>Upload</button>
      </form>`;
    return page("Uploads", body, "Upload some files: their hashes are made while they arrive.");
  }

  async upload() {
    const uploads: Upload[] = [];
    for await (const file of this.request.files) {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of file.stream) {
        hash.update(chunk);
        bytes += chunk.byteLength;
      }
      uploads.push({ name: file.filename, bytes, sha256: hash.digest("hex") });
    }
    const { session } = this.request;
    session.uploads = [...(session.uploads ?? []), ...uploads];
    return redirect("/", 303);
  }
}
export default new Uploads({ limits: { fileSize: 10 * 1024 * 1024 } });
