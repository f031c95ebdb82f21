// The least contrast of any text below an element, with the text: [ratio, text].
(root) => {
  const parsed = (color) => {
    const parts = color.match(/[\d.]+/g).map(Number);
    return parts.length > 3 ? parts : [...parts, 1];
  };
  const over = ([r, g, b, a], [R, G, B]) => [
    r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const ground = (node) => {
    const layers = [];
    for (let one = node; one; one = one.parentElement) {
      layers.push(parsed(getComputedStyle(one).backgroundColor));
      if (layers[layers.length - 1][3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const opacity = (node) => {
    let all = 1;
    for (let one = node; one; one = one.parentElement) all *= getComputedStyle(one).opacity;
    return all;
  };
  // Through the filters of the elements around it; such an element has a ground of its own.
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const seen = (color, node) => {
    for (let one = node; one; one = one.parentElement) {
      const { filter } = getComputedStyle(one);
      if (filter === "none") continue;
      brush.filter = filter;
      brush.fillStyle = `rgb(${color.slice(0, 3).map(Math.round)})`;
      brush.fillRect(0, 0, 9, 9);
      color = [...brush.getImageData(4, 4, 1, 1).data.slice(0, 3), 1];
    }
    return color;
  };
  // In a drawing letters are filled, and may stand on the circle that was drawn before them.
  const ink = (node) => getComputedStyle(node)[node instanceof SVGElement ? "fill" : "color"];
  const below = (node) => {
    const under = node.previousElementSibling;
    return under instanceof SVGCircleElement ? parsed(ink(under)) : ground(node);
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((part) => {
      const x = part / 255;
      return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let worst = [21, ""];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const node = walker.currentNode.parentElement;
    if (!text || !node.getClientRects().length) continue;
    const behind = below(node);
    const [r, g, b, a] = parsed(ink(node));
    const color = over([r, g, b, a * opacity(node)], behind);
    const pair = [light(seen(color, node)), light(seen(behind, node))].sort((x, y) => y - x);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < worst[0]) worst = [ratio, text];
  }
  return worst;
}
