/// The page's only script: it saves a figure as a file and copies its data. Everything is readable without it.
enum PageScript {
    static let text = """
        for (const tools of document.querySelectorAll('.tools')) {
          const figure = tools.closest('figure');
          const svg = figure.querySelector('svg');
          const table = figure.querySelector('table');
          const button = (label, hint, act) => {
            const node = document.createElement('button');
            node.type = 'button';
            node.textContent = label;
            node.title = hint;
            node.addEventListener('click', async () => {
              await act();
              node.textContent = 'done';
              setTimeout(() => { node.textContent = label; }, 1200);
            });
            tools.append(node);
          };
          if (svg) button('SVG', 'Save this figure as an SVG file, in its light colours', () => {
            const link = document.createElement('a');
            link.href = URL.createObjectURL(new Blob([svg.outerHTML], { type: 'image/svg+xml' }));
            link.download = (figure.id || 'figure') + '.svg';
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 1000);
          });
          if (table) button('Copy data', 'Copy this figure\\u2019s data, separated by tabs', () => {
            const lines = [...table.rows].map(row => [...row.cells].map(cell => cell.textContent).join('\\t'));
            return navigator.clipboard.writeText(lines.join('\\n'));
          });
          tools.hidden = false;
        }

        """
}
