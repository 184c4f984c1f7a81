// Parts of the page.

/// An element with attributes and children; texts among them stay texts.
export const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

export const shape = (name, attributes, parent) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
};

/// Sets a text only where it differs: a status that is set anew may be read aloud anew.
export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
