// Cytoscape.js on a canvas with every place given in pixels: no layout, no labels, straight edges, a texture while moving.
fetch('/tree.json')
  .then((answer) => answer.json())
  .then(({ parents, places, colours }) => {
    const nodes = places.map(([x, y], i) => ({ data: { id: `${i}`, colour: colours[i] }, position: { x, y }, pannable: true }))
    const edges = parents.flatMap((parent, i) => (parent < 0 ? [] : { data: { id: `e${i}`, source: `${parent}`, target: `${i}` }, pannable: true }))
    cytoscape({
      container: document.getElementById('stage'),
      elements: { nodes, edges },
      layout: { name: 'preset', fit: false },
      style: [
        { selector: 'node', style: { width: 3, height: 3, 'background-color': 'data(colour)', events: 'no' } },
        { selector: 'edge', style: { width: 1, 'line-color': '#999', 'curve-style': 'haystack', events: 'no' } },
      ],
      wheelSensitivity: 0.15,
      pixelRatio: 1,
      textureOnViewport: true,
      autoungrabify: true,
      autounselectify: true,
      boxSelectionEnabled: false,
    })
  })
