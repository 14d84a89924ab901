// Sigma.js on WebGL with every place given: no layout, no labels, straight edges.
fetch('/tree.json')
  .then((answer) => answer.json())
  .then(({ parents, places, colours }) => {
    const graph = new graphology.Graph({ type: 'directed' })
    places.forEach(([x, y], i) => graph.addNode(i, { x, y: -y, size: 1.5, color: colours[i] }))
    parents.forEach((parent, i) => parent < 0 || graph.addEdge(parent, i, { size: 1, color: '#999' }))
    new Sigma(graph, document.getElementById('stage'), {
      renderLabels: false,
      enableEdgeEvents: false,
      stagePadding: 28,
      zoomingRatio: 1.09,
      zoomDuration: 0,
      itemSizesReference: 'screen',
    })
  })
