/* The tab of relationships: an invitation as a link, and as a QR code that another device reads. */

import { ask, drawProblem, make } from "./app.js";

document.getElementById("invite-form")?.addEventListener("answered", async (event) => {
  event.preventDefault();
  const { url } = event.detail;
  const place = event.target.querySelector("output");
  const box = make("div", { class: "done stack", id: "invitation" },
    make("strong", {}, "Whoever has this link can accept it."),
    make("label", {}, "Link", make("input", { class: "mono", readonly: true, value: url, onfocus: (focused) => focused.target.select() })),
    make("div", { class: "row" }, make("button", { type: "button", "data-copy": url }, "Copy the link")));
  place.replaceChildren(box);
  try {
    const picture = await ask("POST", "/api/qr", { text: url });
    const source = URL.createObjectURL(new Blob([picture], { type: "image/svg+xml" }));
    box.append(make("img", { class: "qr", src: source, alt: "QR code of the invitation" }));
  } catch (problem) {
    box.append(drawProblem(problem));
  }
});
