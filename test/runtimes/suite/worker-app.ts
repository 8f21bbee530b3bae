import { SiteApp } from "./site-app.ts";

export default new SiteApp();
